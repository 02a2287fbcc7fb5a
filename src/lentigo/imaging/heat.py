"""Heat maps: where in a photo a classifier sees signs of malignancy."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from lentigo.imaging.arrays import Box, Floats, Pixels
from lentigo.imaging.geometry import Letterbox, resize_plane

LONG_SIDE = 16
"""Values along a heat map's longer side: nets give about half as many, so that little is lost."""

_WEAK, _STRONG = (255, 240, 60), (255, 0, 50)  # yellow to red
_COLOURS = np.rint(np.linspace(_WEAK, _STRONG, 256)).astype(np.uint8).tobytes()
_OPACITY = 0.7

VISIBLE = 0.2
"""Below this share, drawn with less than 14 % opacity, a colour hardly shows on the photo."""


class Heat(NamedTuple):
    """A heat map and what it covers.

    Attributes:
        values: float32 h×w, equal cells of the box; above 0 speaks for malignancy, below 0 against.
        box: The part of an image that they cover, in its pixels.
    """

    values: Floats
    box: Box

    def over(self, source_px: tuple[int, ...], target_px: tuple[int, ...]) -> "Heat":
        """Return the same over the image at another (height, width), on one pixel at least."""
        starts, ends = [], []
        for axis, (source, target) in enumerate(zip(source_px, target_px, strict=True)):
            start, length = self.box[axis], self.box[axis + 2]
            starts.append(min(round(start * target / source), target - 1))
            ends.append(max(round((start + length) * target / source), starts[-1] + 1))
        (top, left), (bottom, right) = starts, ends
        return Heat(self.values, Box(top, left, bottom - top, right - left))


def heat_of_box(plane: Floats, box: Box, size_px: tuple[int, int]) -> Heat:
    """Return a net's own map as a heat map of what it was shown, the letterbox's filling cut off.

    Args:
        plane: float32 h×w, equal cells of the net's input.
        box: What the input shows of an image.
        size_px: Height and width of the net's input.

    Returns:
        At most ``LONG_SIDE`` values on the longer side.
    """
    shrink = LONG_SIDE / max(box.height, box.width)
    grid = (max(1, round(box.height * shrink)), max(1, round(box.width * shrink)))
    letterbox = Letterbox((box.height, box.width), size_px)
    return Heat(letterbox.back(resize_plane(plane, size_px), grid), box)


def positive_share(values: Floats) -> Floats:
    """Return a heat map's positive part as a share of its greatest value of either sign.

    Grad-CAM's ReLU (Selvaraju et al. 2017, eq. 2). It is usually scaled to the greatest positive
    value, which makes the faintest sign in a photo that speaks against malignancy look strong.

    Args:
        values: float32 H×W; above 0 speaks for malignancy, below 0 against it.

    Returns:
        float32 H×W in 0–1; 0 everywhere where nothing is above 0.
    """
    positive = np.maximum(values, 0)
    greatest = np.abs(values).max()
    return positive / greatest if greatest > 0 else positive


def draw_heat(image: Pixels, heat: Heat) -> Pixels:
    """Lay a heat map on a copy of an image: the stronger, the redder and the less transparent.

    Args:
        image: uint8 H×W×3.
        heat: Over this image; where nothing speaks for malignancy the image stays as it is.

    Returns:
        uint8 H×W×3.

    Raises:
        ValueError: The heat map's box reaches outside the image.
    """
    box = heat.box
    drawn = image.copy()
    under = drawn[box.slices]
    if under.shape[:2] != (box.height, box.width):
        raise ValueError(f"{box} does not lie within an image of {image.shape[:2]} pixels")
    strength = positive_share(resize_plane(heat.values, (box.height, box.width)))
    level = Image.fromarray(np.rint(strength * 255).astype(np.uint8))
    opacity = level.point([round(_OPACITY * at) for at in range(256)])
    level.putpalette(_COLOURS)
    blended = Image.composite(level.convert("RGB"), Image.fromarray(under), opacity)
    drawn[box.slices] = np.asarray(blended)
    return drawn
