"""The outlines of a mask as polygons."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lentigo.imaging.arrays import Mask
from lentigo.imaging.borders import borders
from lentigo.imaging.crop import lesion_box
from lentigo.imaging.thinning import thinned

Polygon: TypeAlias = npt.NDArray[np.float64]
"""A closed polygon: float64 N×2, its points as (x, y)."""

TOLERANCE_PX = 0.6
"""Just above half a pixel: enough to turn pixel stairs into straight lines."""


def outline(mask: Mask, tolerance_px: float = TOLERANCE_PX) -> list[Polygon]:
    """Return the closed outlines of a mask, holes' included, the longest first.

    Marching squares (Lorensen and Cline 1987), thinned by Douglas and Peucker (1973).

    Args:
        mask: bool H×W.
        tolerance_px: How far the polygon may run from the pixels' own border.

    Returns:
        Arrays float64 N×2 of (x, y) in pixels, the first point repeated at the end. Whole numbers
        are pixel centres, so that a lesion that touches the edge reaches −0.5.
    """
    box = lesion_box(mask, context=0)
    offset = (box.left, box.top)
    lines = [line[:, ::-1] + offset for line in borders(mask[box.slices])]
    polygons = [_simplified(line, tolerance_px) for line in lines]
    return sorted(polygons, key=_length_px, reverse=True)


def _simplified(polygon: Polygon, tolerance_px: float) -> Polygon:
    fewer = thinned(polygon, tolerance_px)
    # A part of one or two pixels would be thinned to nothing.
    return polygon if len(fewer) < 4 else fewer


def _length_px(polygon: Polygon) -> float:
    return float(np.linalg.norm(np.diff(polygon, axis=0), axis=1).sum())
