"""How many millimetres of skin a pixel covers, where a header truly says so."""

import math
from typing import Any

from pydicom import Dataset

from lentigo.imaging.doubt import QualityWarning

UNEVEN = 0.01
"""Rows and columns whose spacings differ by more than this share make an uneven picture."""

_ELSEWHERE = ("ImagerPixelSpacing", "NominalScannedPixelSpacing")


def pixel_spacing_mm(attributes: Dataset) -> tuple[float | None, list[QualityWarning]]:
    """Return the distance of pixel centres on the skin, None where unknown, and what was noticed.

    Pixel Spacing is in the patient (PS3.3 10.7.1.1), in a multi-frame image that of the shared
    Pixel Measures. Imager Pixel Spacing lies at the camera's sensor and Nominal Scanned Pixel
    Spacing on a print or slide: they say nothing of skin. A Pixel Spacing equal to one of them was
    copied from it (PS3.3 10.7.1.3), unless a calibration type vouches for it.

    Args:
        attributes: The header's.
    """
    spacing = _pair(attributes.get("PixelSpacing")) or _shared(attributes)
    others = {name: _pair(attributes.get(name)) for name in _ELSEWHERE}
    copied = next((name for name, pair in others.items() if pair and pair == spacing), None)
    if copied and not attributes.get("PixelSpacingCalibrationType"):
        spacing = None
    if spacing is None:
        if any(others.values()):
            text = (
                "the file gives the spacing of the camera's sensor or of a scanned print, not of "
                "the skin; sizes in millimetres are left out"
            )
            return None, [QualityWarning("spacing-not-on-skin", text)]
        return None, []
    rows, columns = spacing
    if abs(rows / columns - 1) > UNEVEN:
        text = (
            f"a pixel is {rows:g} mm high and {columns:g} mm wide; shapes are distorted, and sizes "
            "in millimetres are left out"
        )
        return None, [QualityWarning("pixels-not-square", text)]
    return math.sqrt(rows * columns), []


def _shared(attributes: Dataset) -> tuple[float, float] | None:
    groups = attributes.get("SharedFunctionalGroupsSequence") or [Dataset()]
    measures = groups[0].get("PixelMeasuresSequence") or [Dataset()]
    return _pair(measures[0].get("PixelSpacing"))


def _pair(value: Any) -> tuple[float, float] | None:
    """Return two positive numbers, None for anything else."""
    try:
        rows, columns = (float(part) for part in value)
    except (TypeError, ValueError):
        return None
    usable = all(math.isfinite(side) and side > 0 for side in (rows, columns))
    return (rows, columns) if usable else None
