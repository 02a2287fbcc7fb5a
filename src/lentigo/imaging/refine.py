"""From a raw mask to one clean lesion."""

import math

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from lentigo.imaging.arrays import Mask
from lentigo.imaging.crop import lesion_box

_SMOOTHING = 0.01
"""Border smoothing (Gaussian sigma) as a share of the square root of the lesion's area: it removes
the net's pixel stairs and hair-thin spikes, yet moves no border that a reader could see."""


def refine(mask: Mask) -> Mask:
    """Keep the largest connected part of a mask, fill its holes and smooth its border.

    Args:
        mask: bool H×W.

    Returns:
        bool H×W: one 4-connected part without holes; empty where ``mask`` is empty.
    """
    refined = np.zeros_like(mask)
    if not mask.any():
        return refined
    box = lesion_box(mask, context=0).slices
    largest = _largest_part(mask[box])
    filled = _filled(largest)
    sigma_px = _SMOOTHING * math.sqrt(np.count_nonzero(filled))
    # All work is done near the lesion; no further than this does its blur reach.
    reach_px = math.ceil(3 * sigma_px) + 4
    window = tuple(slice(max(0, one.start - reach_px), one.stop + reach_px) for one in box)
    refined[box] = filled
    refined[window] = _filled(_largest_part(_smoothed(refined[window], sigma_px)))
    return refined


def _smoothed(lesion: Mask, sigma_px: float) -> Mask:
    # Pillow repeats the edge pixels, so that a lesion cut by the border does not shrink there.
    grey = Image.fromarray(lesion.astype(np.uint8) * np.uint8(255))
    return np.asarray(grey.filter(ImageFilter.GaussianBlur(sigma_px))) >= 128


def _largest_part(mask: Mask) -> Mask:
    parts, count = ndimage.label(mask)
    if count <= 1:
        return mask.copy()
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0  # the background
    return np.asarray(parts == sizes.argmax())


def _filled(lesion: Mask) -> Mask:
    """Return the lesion with its holes: background that is not connected to the mask's outside.

    The same as SciPy's ``binary_fill_holes``, which goes over the mask again and again.
    """
    parts, _ = ndimage.label(~np.pad(lesion, 1))
    return np.asarray(parts != parts[0, 0])[1:-1, 1:-1]
