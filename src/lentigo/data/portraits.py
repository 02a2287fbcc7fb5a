"""What is kept of a photo to find others of the same scene: its coarse waves and fine structure.

Both are of the middle square in grey, and made of a block of photos at a time. Filters of so few
pixels are matrix products.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft, ndimage

from lentigo.errors import ImageError
from lentigo.imaging.read import read_photo

Floats = NDArray[np.float32]

SIDE_PX: Final = 96
COARSE: Final = 12
"""Coefficients along each axis of the coarse waves."""

BLANK: Final = 1e-6
"""What nothing shorter is divided by: a picture of one colour has no structure."""


class Portraits(NamedTuple):
    """What is kept of the middle squares of photos, of those of a block that could be read.

    Attributes:
        read: Their places in the block, N.
        coarse: N×12×12 waves of length 1.
        fine: Their structure, N×96×96.
    """

    read: list[int]
    coarse: Floats
    fine: NDArray[np.int8]


def portraits(paths: Sequence[str | None]) -> Portraits:
    """Return what is kept of a block of photos; those that are absent or broken are left out."""
    squares = [_square(path) for path in paths]
    read = [at for at, square in enumerate(squares) if square is not None]
    light = np.zeros((len(read), SIDE_PX, SIDE_PX), np.float32)
    for row, at in enumerate(read):
        light[row] = squares[at]
    return Portraits(read, _coarse(light), _fine(light))


def _square(path: str | None) -> NDArray[np.uint8] | None:
    """Return a photo's middle square in grey, 96×96; None where it cannot be read."""
    if path is None:
        return None
    try:
        pixels = read_photo(path, min_side_px=2 * SIDE_PX).pixels
    except ImageError:
        return None
    grey = Image.fromarray(pixels).convert("L")
    side = min(grey.size)
    left, top = (grey.width - side) // 2, (grey.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(grey.resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX, box=box))


def _coarse(squares: Floats) -> Floats:
    """Return the low frequencies, but for the slowest, which are light, of N squares."""
    small = squares.reshape(-1, 32, 3, 32, 3).mean((2, 4))
    detail = small - _blurred(small, 6)
    waves = fft.dctn(detail, axes=(1, 2), norm="ortho")[:, :COARSE, :COARSE]
    lengths = np.linalg.norm(waves, axis=(1, 2), keepdims=True)
    return np.asarray(waves / lengths.clip(BLANK), dtype=np.float32)


def _fine(squares: Floats) -> NDArray[np.int8]:
    """Return windowed detail, each place and each wave divided by (the root of) its strength.

    Else all pictures of a small dark spot on plain skin would be alike.
    """
    detail = squares - _blurred(squares, 2.5)
    strength = np.sqrt(_blurred(detail**2, 6))
    window = np.hanning(SIDE_PX + 2)[1:-1].astype(np.float32)
    even = detail / (strength + 1) * window[:, None] * window
    waves = fft.rfft2(even - even.mean((1, 2), keepdims=True))
    whitened = fft.irfft2(waves / np.sqrt(np.maximum(np.abs(waves), BLANK)), squares.shape[1:])
    largest = np.abs(whitened).max((1, 2), keepdims=True, initial=0)
    return np.asarray(whitened * (127 / largest.clip(BLANK)), dtype=np.int8)


def _blurred(pictures: Floats, sigma_px: float) -> Floats:
    """Return N×S×S pictures through a Gaussian, as ``ndimage.gaussian_filter`` has it."""
    along = _gaussian(pictures.shape[-1], sigma_px)
    return np.asarray(along @ pictures @ along.T, dtype=np.float32)


@cache
def _gaussian(side_px: int, sigma_px: float) -> Floats:
    """Return the matrix that filters a row: of short rows one product is the quickest way."""
    rows = ndimage.gaussian_filter1d(np.eye(side_px), sigma_px, axis=0)
    return np.asarray(rows, dtype=np.float32)
