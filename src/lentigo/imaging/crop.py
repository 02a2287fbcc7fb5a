"""Cropping an image to its lesion."""

import numpy as np

from lentigo.imaging.arrays import Box, Mask, Pixels, Size

CONTEXT = 0.15
"""Skin kept around a lesion on each side, as a share of its box's longer side."""


def lesion_box(mask: Mask, context: float = CONTEXT) -> Box:
    """Return the box around a lesion with some skin around it, clipped to the image.

    Args:
        mask: bool H×W; where it is empty, the box is the whole image.
        context: Skin added on each side, as a share of the longer side; at least 0.

    Raises:
        ValueError: ``context`` is negative.
    """
    if context < 0:
        raise ValueError(f"context must be at least 0, got {context}")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return Box(0, 0, *mask.shape)
    longer_side = max(np.ptp(rows), np.ptp(columns)) + 1
    margin = round(context * longer_side)
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    bottom = min(mask.shape[0], rows[-1] + 1 + margin)
    right = min(mask.shape[1], columns[-1] + 1 + margin)
    return Box(int(top), int(left), int(bottom - top), int(right - left))


def widened(box: Box, shape_px: Size, image_px: Size) -> Box:
    """Return a box grown on its shorter side, so that its own surroundings fill a letterbox.

    It gets the aspect ratio of ``shape_px``, keeps its middle where the image allows, moves
    inwards where it would reach outside, and ends where the image does.

    Args:
        box: Wholly within the image.
        shape_px: A height and width that give the aspect ratio.
        image_px: The image's height and width.
    """
    height = min(image_px[0], max(box.height, round(box.width * shape_px[0] / shape_px[1])))
    width = min(image_px[1], max(box.width, round(box.height * shape_px[1] / shape_px[0])))
    top = min(max(0, box.top - (height - box.height) // 2), image_px[0] - height)
    left = min(max(0, box.left - (width - box.width) // 2), image_px[1] - width)
    return Box(top, left, height, width)


def crop(image: Pixels, box: Box) -> Pixels:
    """Return a copy of the part of an image that lies in ``box``.

    Args:
        image: uint8 H×W×3.
        box: Wholly within the image.

    Returns:
        uint8 ``box.height``×``box.width``×3.

    Raises:
        ValueError: The box has no pixels or reaches outside the image.
    """
    height, width = image.shape[:2]
    fits = 0 <= box.top < box.top + box.height <= height
    if not (fits and 0 <= box.left < box.left + box.width <= width):
        raise ValueError(f"{box} does not lie within an image of {height}×{width} pixels")
    return image[box.slices].copy()
