"""What can be measured of a lesion: size, symmetry, border and colour, after the ABCD rule.

The ABCD rule of dermoscopy: Nachbar et al., J Am Acad Dermatol 1994;30:551–559.
"""

import math
from dataclasses import dataclass

import numpy as np
from skimage.color import rgb2lab
from skimage.measure import perimeter_crofton

from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.crop import lesion_box

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
    return LesionMeasurements(
        area_share=float(mask.mean()),
        area_px=area_px,
        equivalent_diameter_px=diameter_px,
        asymmetry=_asymmetry(sampled),
        border_irregularity=_border_irregularity(mask),
        colour_variegation=_colour_variegation(image[::step, ::step][sampled]),
        area_mm2=None if pixel_spacing_mm is None else area_px * pixel_spacing_mm**2,
        equivalent_diameter_mm=None if pixel_spacing_mm is None else diameter_px * pixel_spacing_mm,
    )


def _asymmetry(mask: Mask) -> float:
    points = np.argwhere(mask)
    centre = points.mean(axis=0)
    centred = points - centre
    _, axes = np.linalg.eigh(centred.T @ centred)
    unmatched = []
    for axis in axes.T:
        mirrored = points - 2 * np.outer(centred @ axis, axis)
        rows, columns = np.rint(mirrored).astype(np.intp).T
        inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
        matched = np.count_nonzero(mask[rows[inside], columns[inside]])
        unmatched.append(1 - matched / len(points))
    return float(np.mean(unmatched))


def _border_irregularity(mask: Mask) -> float:
    box = lesion_box(mask, context=0)  # what is around it has no border
    perimeter_px = perimeter_crofton(mask[box.slices], directions=4)  # type: ignore[no-untyped-call]
    # Pixel counting can put a small disc just below the circle's 1.
    return max(1.0, float(perimeter_px**2 / (4 * math.pi * np.count_nonzero(mask))))


def _colour_variegation(colours: Pixels) -> float:
    lab = rgb2lab(colours.astype(np.float32) / 255)
    return float(np.linalg.norm(lab - lab.mean(axis=0, dtype=np.float64), axis=1).mean())
