"""What can be measured of a lesion: size, symmetry, border and colour, after the ABCD rule.

The ABCD rule of dermoscopy: Nachbar et al., J Am Acad Dermatol 1994;30:551–559.
"""

import math
from dataclasses import dataclass

import numpy as np

from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.crop import lesion_box
from lentigo.imaging.lab import lab_planes

_SAMPLED_PIXELS = 512 * 512
"""Shape and colour need no more pixels than this; larger images are sampled on a regular grid."""


@dataclass(frozen=True)
class LesionMeasurements:
    """A lesion in numbers. Millimetres are None where the pixel spacing is not known.

    Attributes:
        area_share: The lesion's share of the image, 0–1.
        area_px: Area in the original photo's pixels.
        equivalent_diameter_px: Diameter of the circle of that area: √(4·area/π).
        asymmetry: The share of the lesion that has no counterpart when it is mirrored in its
            principal axes, the mean of both: 0 where all has, 1 where nothing has.
            After Stoecker et al., Comput Med Imaging Graph 1992;16:191–197.
        border_irregularity: Perimeter²/(4π·area), 1 for a circle and more for any other shape;
            the perimeter by Crofton's formula in four directions.
        colour_variegation: Mean CIE 1976 distance ΔE*ab of the lesion's pixels to their mean
            colour; 0 for one plain colour.
        area_mm2: Area on the skin.
        equivalent_diameter_mm: Equivalent diameter on the skin.
    """

    area_share: float
    area_px: float
    equivalent_diameter_px: float
    asymmetry: float
    border_irregularity: float
    colour_variegation: float
    area_mm2: float | None = None
    equivalent_diameter_mm: float | None = None


def measure(
    image: Pixels,
    mask: Mask,
    *,
    scale_px: float = 1.0,
    pixel_spacing_mm: float | None = None,
) -> LesionMeasurements:
    """Measure the lesion that a mask marks.

    Args:
        image: uint8 H×W×3.
        mask: bool H×W with at least one lesion pixel.
        scale_px: Original pixels per pixel of ``mask``, along a side.
        pixel_spacing_mm: Distance of the original's pixel centres on the skin.

    Raises:
        ValueError: The mask is empty, or image and mask differ in size.
    """
    if image.shape[:2] != mask.shape:
        raise ValueError(f"image {image.shape[:2]} and mask {mask.shape} differ in size")
    if not mask.any():
        raise ValueError("an empty mask has no lesion to measure")
    area_px = float(np.count_nonzero(mask)) * scale_px**2
    diameter_px = math.sqrt(4 * area_px / math.pi)
    step = math.ceil(math.sqrt(mask.size / _SAMPLED_PIXELS))
    if not mask[::step, ::step].any():  # a lesion of a few pixels between the grid's points
        step = 1
    sampled = mask[::step, ::step]
    box = lesion_box(sampled, context=0).slices
    return LesionMeasurements(
        area_share=np.count_nonzero(mask) / mask.size,
        area_px=area_px,
        equivalent_diameter_px=diameter_px,
        asymmetry=_asymmetry(sampled[box]),
        border_irregularity=_border_irregularity(mask),
        colour_variegation=_colour_variegation(image[::step, ::step][box][sampled[box]]),
        area_mm2=None if pixel_spacing_mm is None else area_px * pixel_spacing_mm**2,
        equivalent_diameter_mm=None if pixel_spacing_mm is None else diameter_px * pixel_spacing_mm,
    )


def _asymmetry(lesion: Mask) -> float:
    framed = np.pad(lesion, 1)
    last_row, last_column = framed.shape[0] - 1, framed.shape[1] - 1
    rows, columns = np.nonzero(framed)
    down, across = rows - rows.mean(), columns - columns.mean()
    # Sums, not products of vectors: these would go to threads, for which so little is too little.
    tilted = (down * across).sum()
    _, axes = np.linalg.eigh([[(down**2).sum(), tilted], [tilted, (across**2).sum()]])
    unmatched = []
    for axis_down, axis_across in axes.T:
        twice = 2 * (axis_down * down + axis_across * across)
        # What is mirrored out of the lesion's box comes to lie on the frame, which is no lesion.
        mirrored_rows = np.rint(rows - axis_down * twice).astype(np.intp).clip(0, last_row)
        mirrored_columns = (
            np.rint(columns - axis_across * twice).astype(np.intp).clip(0, last_column)
        )
        matched = np.count_nonzero(framed[mirrored_rows, mirrored_columns])
        unmatched.append(1 - matched / len(rows))
    return float(np.mean(unmatched))


def _border_irregularity(mask: Mask) -> float:
    perimeter_px = _perimeter_px(mask[lesion_box(mask, context=0).slices])
    # Pixel counting can put a small disc just below the circle's 1.
    return max(1.0, float(perimeter_px**2 / (4 * math.pi * np.count_nonzero(mask))))


def _perimeter_px(lesion: Mask) -> float:
    """Return a perimeter by Crofton's formula: from how often straight lines cross the border.

    As ``skimage.measure.perimeter_crofton`` has it: along rows and columns, a pixel apart, and
    along both diagonals, √½ apart.
    """
    framed = np.pad(lesion, 1)
    straight = ((framed[1:], framed[:-1]), (framed[:, 1:], framed[:, :-1]))
    diagonal = ((framed[1:, 1:], framed[:-1, :-1]), (framed[1:, :-1], framed[:-1, 1:]))
    crossed = (sum(np.count_nonzero(a ^ b) for a, b in lines) for lines in (straight, diagonal))
    along, aslant = crossed
    return math.pi / 8 * (along + aslant * math.sqrt(0.5))


def _colour_variegation(colours: Pixels) -> float:
    planes = lab_planes(colours, np.float32)
    off_mean = planes - planes.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return float(np.sqrt((off_mean**2).sum(axis=0)).mean(dtype=np.float64))
