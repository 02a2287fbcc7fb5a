"""From a frame's stored values to 8-bit sRGB. The pixels are asked whether the label is true."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from scipy.special import expit

from lentigo.dicom.frame import Frame
from lentigo.dicom.header import GREYS, PALETTE
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.doubt import QualityWarning

Fractions: TypeAlias = npt.NDArray[np.float64]

_SAMPLED_ROWS = 256
_DETAIL_OF_CHROMA = 0.5
_DETAIL_OF_COLOUR = 0.75
"""Chroma planes hold far less detail than brightness, colour planes as much as each other. Of 2,014
photos of ISIC 2018 and HAM10000, the mean difference of neighbours in the second and third plane,
over the first's, is 0.91 to 1.42 as RGB, and 0.03 to 0.35 as YCbCr."""
_FARTHEST_CHROMA = 80
"""How far from 128, grey, the mean of a chroma plane may lie; no photo of those passes 58."""
_LEAST_DETAIL = 0.2
"""Mean difference of neighbours below which a picture is too plain to tell."""


class PaletteError(ValueError):
    """A palette that cannot be used."""


def rgb_of(frame: Frame, signed: bool, attributes: Dataset) -> tuple[Pixels, list[QualityWarning]]:
    """Return a frame as uint8 H×W×3 in sRGB, and what was noticed about its colours.

    Grey values go through the modality and window transformations, palettes are looked up, and a
    colour profile that comes with the file is applied.

    Args:
        frame: Stored values.
        signed: Whether they are two's complement.
        attributes: The header's tables, windows and colour profile.

    Raises:
        PaletteError: The palette cannot be used.
    """
    if frame.photometric in GREYS:
        levels = _grey_levels(frame.photometric, frame.bits, signed, attributes)
        grey = levels[_index(frame.values, frame.bits, signed)]
        return np.repeat(grey[..., None], 3, axis=2), []
    notes: list[QualityWarning] = []
    if frame.photometric == PALETTE:
        pixels = _palette(frame.bits, attributes)[_index(frame.values, frame.bits, signed=False)]
    else:
        values = _eight_bit(frame.values, frame.bits)
        said = "RGB" if frame.photometric == "RGB" else "YBR"
        seen = colour_space(values)
        if seen is not None and seen != said:
            text = (
                f"the file calls its colours {frame.photometric}, and its pixels are plainly "
                f"{seen}; they were read as {seen}"
            )
            notes.append(QualityWarning("colours-mislabelled", text))
        pixels = _from_ybr(values) if (seen or said) == "YBR" else values
    return _in_srgb(pixels, attributes.get("ICCProfile"), notes), notes


def colour_space(values: Pixels) -> Literal["RGB", "YBR"] | None:
    """Tell from three planes whether they are colours or brightness and chroma; None if unclear.

    Args:
        values: uint8 H×W×3.
    """
    step = max(1, values.shape[0] // _SAMPLED_ROWS)
    rows = values[::step].astype(np.int16)
    if rows.shape[1] < 2:
        return None
    first, second, third = np.abs(np.diff(rows, axis=1)).mean(axis=(0, 1))
    if first < _LEAST_DETAIL:
        return None
    detail = (second + third) / 2 / first
    if detail > _DETAIL_OF_COLOUR:
        return "RGB"
    off_grey = np.abs(rows[..., 1:].mean(axis=(0, 1)) - 128).max()
    return "YBR" if detail < _DETAIL_OF_CHROMA and off_grey < _FARTHEST_CHROMA else None


def window(values: Fractions, centre: float, width: float, function: str = "LINEAR") -> Fractions:
    """Return values as shares, 0–1, of a window's range.

    PS3.3 C.11.2.1.2 (LINEAR) and C.11.2.1.3 (LINEAR_EXACT, SIGMOID).

    Args:
        values: Any shape.
        centre: Window Center.
        width: Window Width: at least 1 for LINEAR, above 0 for the others.
        function: VOI LUT Function.

    Raises:
        ValueError: Such a width or function means nothing.
    """
    if width < 1 if function == "LINEAR" else width <= 0:
        raise ValueError(f"a {function} window has no width {width:g}")
    if function == "SIGMOID":
        return np.asarray(expit(4 * (values - centre) / width))
    if function == "LINEAR_EXACT":
        shares = (values - centre) / width + 0.5
    elif function == "LINEAR":
        # A width of 1 is a step.
        shares = (values - (centre - 0.5)) / max(width - 1, 1e-9) + 0.5
    else:
        raise ValueError(f"no VOI LUT Function '{function[:16]}'")
    return np.asarray(np.clip(shares, 0, 1))


def _grey_levels(photometric: str, bits: int, signed: bool, attributes: Dataset) -> Pixels:
    """Return the brightness, uint8, of every value that ``bits`` can store, the lowest first."""
    lowest = -(2 ** (bits - 1)) if signed else 0
    stored = np.arange(lowest, lowest + 2**bits, dtype=np.int32)
    values = np.asarray(apply_modality_lut(stored, attributes), dtype=np.float64)
    shares = _windowed(values, attributes)
    if photometric == "MONOCHROME1":
        shares = 1 - shares
    return np.rint(shares * 255).astype(np.uint8)


def _windowed(values: Fractions, attributes: Dataset) -> Fractions:
    centre, width = (_first(attributes.get(name)) for name in ("WindowCenter", "WindowWidth"))
    if centre is not None and width is not None:
        return window(values, centre, width, str(attributes.get("VOILUTFunction") or "LINEAR"))
    if attributes.get("VOILUTSequence"):
        looked_up = apply_voi(np.rint(values).astype(np.int32), attributes)
        bits = int(attributes.VOILUTSequence[0].LUTDescriptor[2])
        return np.asarray(np.clip(np.asarray(looked_up, np.float64) / (2**bits - 1), 0, 1))
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low if high > low else 1))


def _first(value: Any) -> float | None:
    if value in (None, ""):
        return None
    return float(value[0] if isinstance(value, Sequence) else value)


def _index(values: npt.NDArray[Any], bits: int, signed: bool) -> npt.NDArray[np.uint16]:
    """Return where in a table of all values each value stands."""
    shift = 2 ** (bits - 1) if signed else 0
    places: npt.NDArray[np.int32] = (values.astype(np.int32) + shift) & (2**bits - 1)
    return places.astype(np.uint16)


def _palette(bits: int, attributes: Dataset) -> Pixels:
    """Return the colour, uint8 ×3, of every value that ``bits`` can store."""
    descriptor = attributes.get("RedPaletteColorLookupTableDescriptor")
    if descriptor is None or attributes.get("RedPaletteColorLookupTableData") is None:
        raise PaletteError("is PALETTE COLOR without a plain palette; segmented ones are not read")
    stored = np.arange(2**bits, dtype=np.uint16)
    colours = np.asarray(apply_color_lut(stored, attributes))
    # Many writers say 16 bits and mean 8.
    top = 65_535 if descriptor[2] == 16 and colours.max() > 255 else 255
    return np.rint(colours * (255 / top)).astype(np.uint8)


def _eight_bit(values: npt.NDArray[Any], bits: int) -> Pixels:
    if bits == 8:
        return np.ascontiguousarray(values, dtype=np.uint8)
    levels = np.rint(np.arange(2**bits) * (255 / (2**bits - 1))).astype(np.uint8)
    return np.asarray(levels[values & (2**bits - 1)])


def _from_ybr(values: Pixels) -> Pixels:
    """Return RGB of full-range YCbCr (ITU-R BT.601, as in PS3.3 C.7.6.3.1.2)."""
    height, width = values.shape[:2]
    return np.array(Image.frombytes("YCbCr", (width, height), values.tobytes()).convert("RGB"))


def _in_srgb(pixels: Pixels, profile: bytes | None, notes: list[QualityWarning]) -> Pixels:
    if not profile:
        return pixels
    image = Image.fromarray(pixels)
    try:
        source = ImageCms.getOpenProfile(BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(
            image, source, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        text = "the file's colour profile cannot be used; its colours were taken for sRGB"
        notes.append(QualityWarning("colour-profile-unusable", text))
        return pixels
    return pixels if shown is None else np.array(shown)
