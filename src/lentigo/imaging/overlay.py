"""Pictures for people: the lesion's outline drawn on its photo."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from lentigo.imaging.arrays import Box, Mask, Pixels
from lentigo.imaging.contour import Polygon, outline

OUTLINE_COLOUR = (64, 224, 255)
"""Light cyan: far from every colour of skin and pigment."""

_HALO_OPACITY = 0.45


def draw_outline(
    image: Pixels,
    mask: Mask,
    colour: tuple[int, int, int] = OUTLINE_COLOUR,
    width_px: float | None = None,
) -> Pixels:
    """Draw a mask's outline on a copy of an image, with a dark halo that keeps it legible.

    Args:
        image: uint8 H×W×3.
        mask: bool H×W.
        colour: Red, green and blue, 0–255.
        width_px: The line's width; where not given, 1/200 of the image's short side, at least 2.

    Returns:
        uint8 H×W×3.

    Raises:
        ValueError: Image and mask differ in size.
    """
    if image.shape[:2] != mask.shape:
        raise ValueError(f"image {image.shape[:2]} and mask {mask.shape} differ in size")
    return draw_polygons(image, outline(mask), colour, width_px)


def draw_polygons(
    image: Pixels,
    polygons: Sequence[Polygon],
    colour: tuple[int, int, int] = OUTLINE_COLOUR,
    width_px: float | None = None,
) -> Pixels:
    """Draw outlines that are known already, as :func:`draw_outline` does.

    Args:
        image: uint8 H×W×3.
        polygons: As :func:`lentigo.imaging.contour.outline` gives them.
        colour: Red, green and blue, 0–255.
        width_px: The line's width, as in :func:`draw_outline`.

    Returns:
        uint8 H×W×3.
    """
    width_px = width_px or max(2.0, min(image.shape[:2]) / 200)
    picture = Image.fromarray(image)
    if not polygons:
        return np.array(picture)
    box = _around(polygons, image.shape[:2], 2 * width_px)
    inside = [polygon - (box.left, box.top) for polygon in polygons]
    halo = _line(inside, box, 2 * width_px).point(lambda opacity: opacity * _HALO_OPACITY)
    picture.paste((0, 0, 0), (box.left, box.top), halo)
    picture.paste(colour, (box.left, box.top), _line(inside, box, width_px))
    return np.array(picture)


def _around(polygons: Sequence[Polygon], size_px: tuple[int, ...], reach_px: float) -> Box:
    """Return the part of a picture that lines of outlines may touch."""
    points = np.concatenate(polygons)[:, ::-1]
    top, left = np.maximum(0, np.floor(points.min(axis=0) - reach_px).astype(int)).tolist()
    ends = np.minimum(size_px, np.ceil(points.max(axis=0) + reach_px).astype(int) + 1).tolist()
    return Box(top, left, ends[0] - top, ends[1] - left)


def _line(polygons: Sequence[Polygon], box: Box, width_px: float) -> Image.Image:
    """Return the outlines' opacity within a box, antialiased: drawn large, then averaged."""
    oversampling = min(4, max(1, round(8 / width_px)))  # the wider, the less stairs show
    large = Image.new("L", (box.width * oversampling, box.height * oversampling))
    pen = ImageDraw.Draw(large)
    for polygon in polygons:
        points = [tuple(point) for point in ((polygon + 0.5) * oversampling).tolist()]
        pen.line(points, fill=255, width=round(width_px * oversampling), joint="curve")
    return large.reduce(oversampling)
