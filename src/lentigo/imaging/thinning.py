"""Fewer points for a line that stays within a tolerance (Douglas and Peucker 1973)."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Line: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]


def thinned(line: Line, tolerance_px: float) -> Line:
    """Return the points of a line that it needs to run no further than a tolerance from all.

    The same points, to the last, as ``skimage.measure.approximate_polygon`` keeps. That one is not
    used for what comes with it: it imports SciPy's signal processing, a good part of a program's
    start.

    Args:
        line: float64 N×2; of a closed line, the first point stands at the end again.
        tolerance_px: Above 0.
    """
    kept = np.zeros(len(line), dtype=np.bool_)
    kept[[0, -1]] = True
    starts, ends = np.array([0]), np.array([len(line) - 1])
    while (long := ends - starts >= 2).any():  # all segments of one depth at once
        starts, ends = starts[long], ends[long]
        furthest, distance_px = _furthest(line, starts, ends)
        far = distance_px > tolerance_px
        middles = furthest[far]
        kept[middles] = True
        starts = np.concatenate([starts[far], middles])
        ends = np.concatenate([middles, ends[far]])
    return line[kept]


def _furthest(line: Line, starts: Places, ends: Places) -> tuple[Places, Line]:
    """Return each segment's furthest point in between, the first of equals, and its distance."""
    counts = ends - starts - 1
    segment = np.repeat(np.arange(len(starts)), counts)
    first = np.cumsum(counts) - counts
    points = np.arange(len(segment)) + (starts + 1 - first)[segment]
    distance_px = _distance_px(line[points], line[starts], line[ends], segment)
    greatest = np.maximum.reduceat(distance_px, first)
    reached = np.flatnonzero(distance_px == greatest[segment])
    return points[reached[np.searchsorted(reached, first)]], greatest


def _distance_px(points: Line, start: Line, end: Line, segment: Places) -> Line:
    """Return points' distances from segments: from its line, or from an end if that is nearer.

    Args:
        points: float64 N×2.
        start: float64 S×2, where each segment starts.
        end: float64 S×2, where it ends.
        segment: int N, below S: each point's segment.
    """
    along = end - start
    # As an angle, not as a cross product: points equally far must tie as they do in scikit-image.
    angle = -np.arctan2(along[:, 0], along[:, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    offset = start[:, 1] * sin + start[:, 0] * cos
    to_line = np.abs(points[:, 0] * cos[segment] + points[:, 1] * sin[segment] - offset[segment])
    from_start, from_end = points - start[segment], points - end[segment]
    beside = (_dot(from_start, along[segment]) > 0) & (_dot(from_end, along[segment]) < 0)
    to_ends = np.minimum(_dot(from_start, from_start), _dot(from_end, from_end))
    return np.where(beside, to_line, np.sqrt(to_ends))


def _dot(vectors: Line, others: Line) -> Line:
    return np.asarray(vectors[:, 0] * others[:, 0] + vectors[:, 1] * others[:, 1])
