"""Where a mask's pixels end: closed lines along the sides of its outermost pixels."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lentigo.imaging.arrays import Mask

_STEPS: Final = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])
"""Where a walk along a pixel's top, right, bottom and left side goes, the pixel at the right hand.
One side earlier, it is the way out of the pixel."""


def borders(mask: Mask) -> list[NDArray[np.float64]]:
    """Return the closed lines between a mask's pixels and all others, through the pixels' sides.

    Marching squares (Lorensen and Cline 1987) at one half: pixels that touch at a corner alone are
    apart. scikit-image's ``find_contours`` gives the same lines, other places first, and puts them
    together point by point.

    Args:
        mask: bool H×W.

    Returns:
        Arrays float64 N×2 of (row, column), the first point repeated at the end. Whole numbers are
        pixel centres; the lesion lies at the right hand.
    """
    inside = np.pad(mask, 1)
    places, sides = _outermost(inside)
    if not len(places):
        return []
    following = _following(inside, places, sides)
    points = places - 1 + _STEPS[sides - 1] / 2
    return [points[line] for line in _closed(following.tolist())]


def _outermost(inside: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixels, N×2, and which of their sides has no pixel beyond it, N."""
    found = []
    for side in range(4):
        beyond = np.roll(inside, -_STEPS[side - 1], (0, 1))  # the frame around is empty
        flat = np.flatnonzero(inside & ~beyond)  # several times as fast as along two axes
        found.append(np.stack(np.divmod(flat, inside.shape[1]), axis=1))
    sides = np.repeat(np.arange(4), [len(places) for places in found])
    return np.concatenate(found), sides


def _following(
    inside: Mask, places: NDArray[np.int64], sides: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return which side comes next on the walk along each, by its number."""
    numbers = np.empty((4, *inside.shape), dtype=np.int64)
    numbers[sides, places[:, 0], places[:, 1]] = np.arange(len(places))
    ahead = places + _STEPS[sides]
    across = ahead + _STEPS[sides - 1]
    straight, left = inside[tuple(ahead.T)], inside[tuple(across.T)]
    left &= straight
    turns = np.where(left, -1, np.where(straight, 0, 1))
    onto = np.where(left[:, None], across, np.where(straight[:, None], ahead, places))
    return numbers[(sides + turns) % 4, onto[:, 0], onto[:, 1]]


def _closed(following: list[int]) -> list[list[int]]:
    """Return the rounds of a walk, each with its first place at the end again."""
    rounds, seen = [], bytearray(len(following))
    for first in range(len(following)):
        at, line = first, []
        while not seen[at]:
            seen[at] = 1
            line.append(at)
            at = following[at]
        if line:
            rounds.append([*line, first])
    return rounds
