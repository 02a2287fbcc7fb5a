"""Warnings about a photo or a mask that make a finding less trustworthy."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from lentigo.imaging.arrays import Mask, Pixels, Size
from lentigo.imaging.doubt import QualityWarning

SMALLEST_SIDE_PX = 128
"""A shorter side than this is less than the nets look at: they would see invented pixels."""

DARKEST_HIGHLIGHT = 48
"""Brightness (0–255) that 5 % of the pixels must exceed. Well lit skin of type VI does, and of 800
images of ISIC 2018 and HAM10000 none stays below 100: a darker photo is underexposed."""

STRONGEST_BLUR = 0.70
"""Blur after Crété-Roffet et al. (SPIE 2007), 0 sharp to 1, at ``_BLUR_SIDE_PX``. Of 800 images of
ISIC 2018 and HAM10000 fewer than 1 % exceed it; of the same, blurred by a Gaussian of 2 % of the
short side, most do."""

LONGEST_CUT = 0.05
"""How much of a lesion may lie on the image's border, as a share of its equivalent diameter."""

_BLUR_SIDE_PX = 256
_BLUR_WINDOW_PX = 11


def image_warnings(image: Pixels, size_px: Size) -> tuple[QualityWarning, ...]:
    """Tell whether a photo is too small, too dark or too blurred.

    Args:
        image: uint8 H×W×3, the photo or a reduced copy.
        size_px: The original's height and width.
    """
    grey = Image.fromarray(image).convert("L")
    highlight = _percentile(grey, 95)
    warnings = []
    if min(size_px) < SMALLEST_SIDE_PX:
        text = f"the short side has {min(size_px)} pixels; at least {SMALLEST_SIDE_PX} are needed"
        warnings.append(QualityWarning("too-small", text))
    if highlight < DARKEST_HIGHLIGHT:
        text = f"even its bright parts reach only {highlight:.0f} of 255; expose it longer"
        warnings.append(QualityWarning("too-dark", text))
    # An image without pixels to compare has no sharpness to speak of.
    elif min(image.shape[:2]) > _BLUR_WINDOW_PX and (blur := _blur(grey)) > STRONGEST_BLUR:
        text = f"its blur is {blur:.2f}, above {STRONGEST_BLUR}; focus and hold the camera still"
        warnings.append(QualityWarning("too-blurred", text))
    return tuple(warnings)


def mask_warnings(mask: Mask) -> tuple[QualityWarning, ...]:
    """Tell whether there is no lesion, or one that runs out of the image.

    Args:
        mask: bool H×W.
    """
    area_px = np.count_nonzero(mask)
    if area_px == 0:
        return (QualityWarning("no-lesion", "no lesion was found; the image was used as a whole"),)
    border_px = sum(np.count_nonzero(edge) for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    if border_px <= LONGEST_CUT * math.sqrt(4 * area_px / math.pi):
        return ()
    text = "the lesion runs out of the image; its size, shape and risk describe the visible part"
    return (QualityWarning("cut-by-border", text),)


def _percentile(grey: Image.Image, percent: float) -> float:
    """Return what ``np.percentile`` does, by counting in place of sorting."""
    reached = np.cumsum(grey.histogram())
    place = (reached[-1] - 1) * percent / 100
    low, high = np.searchsorted(reached, (math.floor(place), math.ceil(place)), side="right")
    return float(low + (high - low) * (place % 1))


def _blur(grey: Image.Image) -> float:
    """Return the blur effect at a fixed size, so that it does not depend on the resolution."""
    shrink = min(1.0, _BLUR_SIDE_PX / min(grey.size))
    size = (round(grey.width * shrink), round(grey.height * shrink))
    plane = np.asarray(grey.resize(size, Image.Resampling.BILINEAR), dtype=np.float32)
    shares = (_blur_along(turned) for turned in (plane, plane.T))
    # Without edges, of one plain colour, nothing is in focus.
    return max((share for share in shares if share is not None), default=1.0)


def _blur_along(plane: NDArray[np.float32]) -> float | None:
    """Return which share of a plane's edges, H×W, stays where it is blurred along its rows.

    As ``skimage.measure.blur_effect`` has it of one axis, in fewer passes; None where there are no
    edges.
    """
    sharp = _steepness(plane)
    if not sharp.any():
        return None
    soft = _steepness(ndimage.uniform_filter1d(plane, _BLUR_WINDOW_PX, axis=1))
    lost = np.maximum(sharp - soft, 0).sum(dtype=np.float64)
    return float(1 - lost / sharp.sum(dtype=np.float64))


def _steepness(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how steep a plane is along its rows, after Sobel, two pixels off its border."""
    step = plane[:, 3:] - plane[:, 1:-2]
    steepness: NDArray[np.float32] = np.abs(step[1:-2] + 2 * step[2:-1] + step[3:])
    return steepness
