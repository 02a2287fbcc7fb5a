"""Where the image lies in a letterbox that is no longer known."""

import numpy as np
from numpy.typing import NDArray

from lentigo.imaging.arrays import Box, Pixels


def inner_of(pixels: Pixels) -> Box:
    """Return the part of letterboxed pixels that holds the image, told by the filling.

    The filling repeats the image's outermost rows or columns, as much on one side as on the other
    or one more after than before. A photo's own edges seldom do so, but for a plain black frame:
    that is then left out too. An image of one colour is taken whole.

    Args:
        pixels: uint8 H×W×3, as ``Letterbox.image`` gives them.
    """
    top, bottom = _margins((pixels[1:] == pixels[:-1]).all(axis=(1, 2)))
    left, right = _margins((pixels[:, 1:] == pixels[:, :-1]).all(axis=(0, 2)))
    height, width = pixels.shape[:2]
    return Box(top, left, height - top - bottom, width - left - right)


def _margins(repeats: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many lines are filled before and after, given which equal the one before."""
    if repeats.all():
        return 0, 0
    before, after = int(repeats.argmin()), int(repeats[::-1].argmin())
    first = min(before, after)
    return first, min(after, first + 1)
