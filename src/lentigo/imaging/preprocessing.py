"""Changes of a picture before a classifier sees it, by the names that recipes and bundles give.

Each takes and returns RGB pixels, uint8 H×W×3, and draws on nothing but them.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageFilter

from lentigo.imaging.arrays import Pixels
from lentigo.registry import Registry

Step: TypeAlias = Callable[[Pixels], Pixels]

STEPS: Registry[Step] = Registry("preprocessing step")

_MINKOWSKI = 6
_MEDIAN_SIDE_PX = 3


@STEPS.register("clahe")
def clahe(pixels: Pixels) -> Pixels:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld 1994) of the lightness.

    It works on L of CIE L*a*b*, in 8×8 tiles, with scikit-image's clip limit
    of 0.01. L keeps its range, so that a picture without contrast does not get one.
    """
    # Slow to import, and needed for this step alone.
    from skimage.color import lab2rgb, rgb2lab  # noqa: PLC0415
    from skimage.exposure import equalize_adapthist  # noqa: PLC0415

    lab = rgb2lab(pixels)
    lightness = lab[..., 0]
    low, high = lightness.min(), lightness.max()
    lab[..., 0] = low + (high - low) * equalize_adapthist(lightness / 100)
    return _eight_bit(lab2rgb(lab) * 255)


@STEPS.register("median")
def median(pixels: Pixels) -> Pixels:
    """The median of 3×3 pixels in each colour channel; the border is repeated outwards."""
    return np.array(Image.fromarray(pixels).filter(ImageFilter.MedianFilter(_MEDIAN_SIDE_PX)))


@STEPS.register("shades-of-gray")
def shades_of_gray(pixels: Pixels) -> Pixels:
    """Colour constancy by Shades of Gray (Finlayson and Trezzi, CIC 2004), Minkowski p = 6.

    The light's colour e is each channel's (mean I⁶)^(1/6); a channel is divided by √3·e / ‖e‖.
    A cast of any colour leaves nothing but a change of brightness, common to all channels. A
    channel that is black stays so.
    """
    light = ((pixels / 255.0) ** _MINKOWSKI).mean(axis=(0, 1)) ** (1 / _MINKOWSKI)
    grey = np.linalg.norm(light) / np.sqrt(3)
    gain = np.divide(grey, light, out=np.ones(3), where=light > 0)
    return _eight_bit(pixels * gain)


def _eight_bit(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Pixels:
    return np.asarray(np.rint(np.clip(values, 0, 255)), dtype=np.uint8)
