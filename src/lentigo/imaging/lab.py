"""Colours of 8-bit sRGB in CIE 1976 L*a*b*, under D65 and for the 2° observer.

IEC 61966-2-1 and CIE 15. An 8-bit value has one of 256 linear lights, which are looked up.
"""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_XYZ_OF_RGB: Final = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
_WHITE: Final = (0.95047, 1.0, 1.08883)
_DARK: Final = 0.008856  # of white, below which the cube root gives way to a line


def lab_planes(colours: NDArray[np.uint8], precision: type[Any]) -> NDArray[Any]:
    """Return colours in L*a*b*, as ``skimage.color.rgb2lab`` has them but a plane each.

    Args:
        colours: uint8 ...×3, RGB.
        precision: ``np.float32`` or ``np.float64``.

    Returns:
        3×... of that type: L* in 0–100, a* and b*.
    """
    lights, mixing = _tables(np.dtype(precision))
    planes = lights[np.moveaxis(colours, -1, 0)]
    # Not a product of matrices, which would go to threads: for so little that takes longer.
    of_white = np.einsum("ij,j...->i...", mixing, planes)
    roots = np.exp(np.log(of_white.clip(_DARK)) / 3)  # many times as fast as NumPy's cube root
    x, y, z = np.where(of_white > _DARK, roots, 7.787 * of_white + precision(16 / 116))
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)))


@cache
def _tables(precision: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the linear light of each 8-bit value, and what mixes three of them to X, Y, Z."""
    value = np.arange(256) / 255
    lights = np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)
    mixing = np.array(_XYZ_OF_RGB) / np.array(_WHITE)[:, None]
    return lights.astype(precision), mixing.astype(precision)
