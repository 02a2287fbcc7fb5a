"""Fewer points for a line that stays within a tolerance (Douglas and Peucker 1973)."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Line: TypeAlias = npt.NDArray[np.float64]


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
    segments = [(0, len(line) - 1)]
    while segments:
        start, end = segments.pop()
        if end - start < 2:
            continue
        distance_px = _distance_px(line[start + 1 : end], line[start], line[end])
        furthest = int(distance_px.argmax())
        if distance_px[furthest] > tolerance_px:
            middle = start + 1 + furthest
            kept[middle] = True
            segments += [(start, middle), (middle, end)]
    return line[kept]


def _distance_px(points: Line, start: Line, end: Line) -> npt.NDArray[np.float64]:
    """Return each point's distance from the segment: from its line, or from an end if nearer."""
    along = end - start
    from_start, from_end = points - start, points - end
    # As an angle, not as a cross product: points equally far must tie as they do in scikit-image.
    angle = -np.arctan2(along[0], along[1])
    across = np.array([np.cos(angle), np.sin(angle)])
    to_line = np.abs(points[:, 0] * across[0] + points[:, 1] * across[1] - _offset(start, angle))
    beside = (_dot(from_start, along) > 0) & (_dot(from_end, along) < 0)
    to_ends = np.minimum(_dot(from_start, from_start), _dot(from_end, from_end))
    return np.where(beside, to_line, np.sqrt(to_ends))


def _offset(point: Line, angle: float) -> float:
    return float(point[1] * np.sin(angle) + point[0] * np.cos(angle))


def _dot(vectors: Line, others: Line) -> npt.NDArray[np.float64]:
    return np.asarray(vectors[:, 0] * others[..., 0] + vectors[:, 1] * others[..., 1])
