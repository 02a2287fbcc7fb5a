"""Cropping an image to its lesion."""

import numpy as np

from lentigo.imaging.arrays import Box, Mask, Pixels

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
