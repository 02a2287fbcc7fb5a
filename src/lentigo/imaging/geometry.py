"""How an image's shape becomes a network's, and how the network's answer comes back."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from lentigo.imaging.arrays import Box, Floats, Mask, Pixels, Size
from lentigo.imaging.crop import lesion_box

WORKING_SIDE_PX = 1024
"""A mask is refined and measured at no more than this long side, and large photos are decoded down
to this short side: several times what the nets see, and short work on a 50-megapixel photo."""

_REDUCING_GAP = 3.0
"""Pillow: from 3 on, a fast pre-reduction is all but indistinguishable from exact resampling."""


@dataclass(frozen=True)
class Letterbox:
    """The one way an image is fitted into a network's input, in training and in use.

    The aspect ratio is kept: the image is scaled until it just fits and centred, and its border
    pixels are repeated outwards over what is left (black bars would look like the dark corners of
    a dermatoscope). Scaling is bilinear and antialiased.

    Attributes:
        source_px: The image's height and width.
        target_px: The network input's height and width.

    Example:
        >>> Letterbox(source_px=(450, 600), target_px=(256, 256)).inner
        Box(top=32, left=0, height=192, width=256)
    """

    source_px: Size
    target_px: Size

    def __post_init__(self) -> None:
        """Refuse sizes without pixels."""
        if min(*self.source_px, *self.target_px) < 1:
            raise ValueError(
                f"sizes must be at least 1×1, got source {self.source_px}, target {self.target_px}"
            )

    @property
    def scale(self) -> float:
        """Target pixels per source pixel."""
        return min(t / s for s, t in zip(self.source_px, self.target_px, strict=True))

    @property
    def inner(self) -> Box:
        """The part of the target that holds the image; the rest is filled."""
        height, width = (
            min(t, max(1, round(s * self.scale)))
            for s, t in zip(self.source_px, self.target_px, strict=True)
        )
        return Box(
            (self.target_px[0] - height) // 2, (self.target_px[1] - width) // 2, height, width
        )

    def image(self, pixels: Pixels) -> Pixels:
        """Fit an image into the target.

        Args:
            pixels: uint8 h×w×3; of ``source_px``, or the same image decoded at reduced scale.

        Returns:
            uint8 H×W×3 of ``target_px``.

        Raises:
            ValueError: Wrong type or shape, or another aspect ratio than the source's.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(
                f"expected uint8 pixels of shape h×w×3, got {pixels.dtype} {pixels.shape}"
            )
        self._check_aspect(pixels.shape[0], pixels.shape[1])
        return np.pad(self._fitted(pixels), (*self._margins(), (0, 0)), mode="edge")

    def mask(self, mask: Mask) -> Mask:
        """Fit a mask into the target: True where at least half is lesion, False on the filling.

        Args:
            mask: bool h×w of ``source_px``, or the same mask at reduced scale.

        Returns:
            bool H×W of ``target_px``.

        Raises:
            ValueError: Wrong type or shape, or another aspect ratio than the source's.
        """
        if mask.dtype != np.bool_ or mask.ndim != 2:
            raise ValueError(f"expected a bool mask of shape h×w, got {mask.dtype} {mask.shape}")
        self._check_aspect(*mask.shape)
        inside = self._fitted(mask.astype(np.uint8) * np.uint8(255)) >= 128
        return np.pad(inside, self._margins())

    def back(self, probability: Floats, size_px: Size | None = None) -> Floats:
        """Bring a plane of the target back to the image, bilinearly; the filling is cut off.

        Args:
            probability: float32 H×W of ``target_px``.
            size_px: Height and width to come back at; the source's where not given.

        Returns:
            float32 h×w of ``size_px``, within the range of the values that came in.

        Raises:
            ValueError: Wrong type or shape.
        """
        if probability.dtype != np.float32 or probability.shape != self.target_px:
            raise ValueError(
                f"expected a float32 plane of shape {self.target_px}, "
                f"got {probability.dtype} {probability.shape}"
            )
        inner = np.ascontiguousarray(probability[self.inner.slices])
        return resize_plane(inner, size_px or self.source_px)

    def _fitted(self, values: Pixels) -> Pixels:
        size = (self.inner.width, self.inner.height)
        image = Image.fromarray(values)
        return np.array(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=_REDUCING_GAP))

    def _margins(self) -> tuple[tuple[int, int], tuple[int, int]]:
        top, left, height, width = self.inner
        bottom, right = self.target_px[0] - top - height, self.target_px[1] - left - width
        return (top, bottom), (left, right)

    def _check_aspect(self, height: int, width: int) -> None:
        if not same_aspect((height, width), self.source_px):
            raise ValueError(
                f"got {height}×{width} pixels, which is not {self.source_px[0]}×"
                f"{self.source_px[1]} at another scale"
            )


def resize_plane(plane: Floats, size_px: Size) -> Floats:
    """Return a plane at another size, bilinearly: each value stands for its cell's middle.

    Args:
        plane: float32 h×w.
        size_px: Height and width to come to.

    Returns:
        float32 of ``size_px``, within the range of the values that came in.
    """
    height, width = size_px
    return np.array(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))


def same_aspect(one_px: Size, other_px: Size) -> bool:
    """Tell whether two sizes are one picture at two scales.

    Their aspect ratios may differ by 1 %, or by what rounding a side up twice makes of a small
    picture.
    """
    rows, columns = (a / b for a, b in zip(one_px, other_px, strict=True))
    return abs(rows / columns - 1) <= max(0.01, 2 / min(*one_px, *other_px))


def resize_mask(mask: Mask, size_px: Size) -> Mask:
    """Return a mask at another (height, width): bilinear, then cut at one half."""
    if mask.shape == size_px:
        return mask
    resized = np.zeros(size_px, dtype=np.bool_)
    if not mask.any():
        return resized
    # Far from the lesion all is False: a camera's whole frame would take longer than the nets do.
    rows, columns = (
        _reached(part, old, new)
        for part, old, new in zip(
            lesion_box(mask, context=0).slices, mask.shape, size_px, strict=True
        )
    )
    grey = Image.fromarray(mask.astype(np.uint8) * 255)
    part = grey.resize(
        (columns.new.stop - columns.new.start, rows.new.stop - rows.new.start),
        Image.Resampling.BILINEAR,
        box=(columns.start, rows.start, columns.stop, rows.stop),
    )
    resized[rows.new, columns.new] = np.asarray(part) >= 128  # half of 255
    return resized


class _Reached(NamedTuple):
    """What of a side a part reaches when it is resized: in new pixels, and in the old ones."""

    new: slice
    start: int
    stop: int


def _reached(part: slice, old_px: int, new_px: int) -> _Reached:
    scale = old_px / new_px
    reach_px = max(1.0, scale)  # of the bilinear filter, on either side
    # Between places that are whole in both sizes, the part's pixels are the whole's to the last.
    common = math.gcd(old_px, new_px)
    old_step, new_step = old_px // common, new_px // common
    first = max(0, math.floor((part.start - reach_px) / old_step))
    last = min(common, math.ceil((part.stop + reach_px) / old_step))
    return _Reached(slice(first * new_step, last * new_step), first * old_step, last * old_step)


def working_size(size_px: Size) -> Size:
    """Return (height, width) shrunk, if need be, until the long side is ``WORKING_SIDE_PX``."""
    shrink = min(1.0, WORKING_SIDE_PX / max(size_px))
    height, width = (max(1, round(side * shrink)) for side in size_px)
    return height, width
