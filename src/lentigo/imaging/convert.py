"""From Pillow's many pixel modes to 8-bit RGB and to masks."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from lentigo.imaging.arrays import Mask, Pixels

_WIDE_INTEGERS = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_UINT16_MAX = 65_535


class PixelRangeError(ValueError):
    """Pixel values that have no agreed range."""


def rgb_pixels(image: Image.Image, min_side_px: int | None = None) -> Pixels:
    """Return an image as uint8 H×W×3; transparency is laid on white.

    Args:
        image: Loaded; of any mode.
        min_side_px: As for :func:`reduction`; None keeps the size.

    Raises:
        PixelRangeError: The pixel values have no agreed range.
    """
    if image.mode in _WIDE_INTEGERS or image.mode == "F":
        grey = Image.fromarray(_eight_bit(np.asarray(image)))
        return np.repeat(np.asarray(_reduced(grey, min_side_px))[..., None], 3, axis=2)
    # What is large is made small before it is copied: a picture may be a third of a gigabyte.
    return np.array(_reduced(_as(_flattened(image, "white"), "RGB"), min_side_px))


def reduction(height: int, width: int, min_side_px: int | None) -> int:
    """Return by which whole number an image may be divided so that its short side stays so long."""
    return 1 if min_side_px is None else max(1, min(height, width) // min_side_px)


def _reduced(image: Image.Image, min_side_px: int | None) -> Image.Image:
    factor = reduction(image.height, image.width, min_side_px)
    return image.reduce(factor) if factor > 1 else image


def _as(image: Image.Image, mode: str) -> Image.Image:
    """Return an image in a mode; Pillow would copy one that is in it already."""
    return image if image.mode == mode else image.convert(mode)


def mask_values(image: Image.Image) -> npt.NDArray[Any]:
    """Return a mask image's values, H×W, in 0–1, 0–255 or 0–65535; transparent is 0.

    Of a colour, its brightest channel counts: pure red is as much a mark as white is.

    Raises:
        PixelRangeError: The pixel values have no agreed range.
    """
    if image.mode in _WIDE_INTEGERS or image.mode == "F":
        values = np.asarray(image)
    else:
        flat = _flattened(image, "black")
        grey = flat.mode in ("1", "L")
        values = np.asarray(flat.convert("L")) if grey else _brightest_channel(flat)
    if not (values.min() >= 0 and values.max() <= _UINT16_MAX):  # NaN fails too
        raise PixelRangeError("a mask's values must lie in 0–1, 0–255 or 0–65535")
    return values


def above_half(values: npt.NDArray[Any]) -> Mask:
    """Return where mask values exceed half of 1, 255 or 65535, the first that none exceeds."""
    peak = values.max()
    full = next(full for full in (1, 255, _UINT16_MAX) if peak <= full)
    return np.asarray(values > full / 2)


def _brightest_channel(image: Image.Image) -> npt.NDArray[np.uint8]:
    red, green, blue = _as(image, "RGB").split()
    return np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))


def _flattened(image: Image.Image, background: str) -> Image.Image:
    """Lay an image that has transparency of any kind on a plain background."""
    if not image.has_transparency_data:
        return image
    layers = _as(image, "RGBA")
    plain = Image.new("RGBA", layers.size, background)
    return Image.alpha_composite(plain, layers)


def _eight_bit(values: npt.NDArray[np.generic]) -> Pixels:
    """Scale 16-bit integers from 0–65535, or floats from 0–1, to 0–255."""
    top = 1.0 if values.dtype.kind == "f" else float(_UINT16_MAX)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= top):  # NaN fails too
        raise PixelRangeError(
            f"grey values from {low:g} to {high:g}, expected 0–{top:g}; save it as 8-bit or 16-bit"
        )
    scaled: npt.NDArray[np.float32] = values * np.float32(255 / top)
    return np.rint(scaled, out=scaled).astype(np.uint8)
