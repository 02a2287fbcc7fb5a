"""The array types that every imaging function speaks."""

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""An image: uint8, H×W×3, RGB, 0–255."""

Mask: TypeAlias = npt.NDArray[np.bool_]
"""A lesion mask: bool, H×W, True inside the lesion."""

Floats: TypeAlias = npt.NDArray[np.float32]
"""A plane of float32 values, H×W."""

Size: TypeAlias = tuple[int, int]
"""(height, width) in pixels."""


class Box(NamedTuple):
    """An upright rectangle of whole pixels.

    Attributes:
        top: First row inside.
        left: First column inside.
        height: Number of rows.
        width: Number of columns.
    """

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The row and column slices that cut the box out of an array."""
        rows = slice(self.top, self.top + self.height)
        return rows, slice(self.left, self.left + self.width)
