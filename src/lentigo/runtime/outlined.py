"""What a finding tells of a photo and of its outline, whatever the classifier says."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.contour import Polygon, outline
from lentigo.imaging.crop import crop, lesion_box
from lentigo.imaging.doubt import QualityWarning
from lentigo.imaging.geometry import resize_mask, working_size
from lentigo.imaging.measure import measure
from lentigo.imaging.overlay import draw_polygons
from lentigo.imaging.quality import image_warnings, mask_warnings
from lentigo.imaging.read import Photo
from lentigo.runtime.finding import BoxPx, Measurements, Pictures
from lentigo.runtime.segmenter import Segmentation


class WorkingCopy(NamedTuple):
    """A photo at the size that it is measured and drawn at, and what speaks against it."""

    pixels: Pixels
    warnings: tuple[QualityWarning, ...]

    @classmethod
    def of(cls, photo: Photo) -> "WorkingCopy":
        """Make a photo's copy, uint8 H×W×3 of its ``working_size``."""
        pixels = _resized(photo.pixels, working_size(photo.size_px))
        return cls(pixels, image_warnings(pixels, photo.size_px))


class Outlined(NamedTuple):
    """A lesion's outline, measured and drawn.

    Attributes:
        lesion_found: Whether there is one.
        expected_jaccard: As :class:`~lentigo.runtime.segmenter.Segmentation` has it.
        warnings: What speaks against the outline.
        measurements: Of the lesion; None where there is none.
        box: About the lesion, in the photo's own pixels; None where there is none.
        contour: Its points (x, y) in the photo's own pixels.
        pictures: Mask, overlay and crop.
    """

    lesion_found: bool
    expected_jaccard: float | None
    warnings: tuple[QualityWarning, ...]
    measurements: Measurements | None
    box: BoxPx | None
    contour: tuple[tuple[float, float], ...]
    pictures: Pictures

    @classmethod
    def of(cls, photo: Photo, pixels: Pixels, segmentation: Segmentation) -> "Outlined":
        """Measure and draw an outline.

        Args:
            photo: The photo.
            pixels: Its working copy, of the working mask's size.
            segmentation: Where its lesion is.
        """
        mask = segmentation.working_mask
        scale_px = photo.size_px[1] / mask.shape[1]
        found, lines = bool(mask.any()), outline(mask)
        return cls(
            lesion_found=found,
            expected_jaccard=segmentation.expected_jaccard,
            warnings=mask_warnings(mask),
            measurements=_measurements(photo, pixels, mask, scale_px) if found else None,
            box=BoxPx(**lesion_box(segmentation.mask)._asdict()) if found else None,
            contour=_contour(lines, scale_px),
            pictures=_pictures(photo, segmentation, lines, pixels),
        )


def _resized(pixels: Pixels, size_px: tuple[int, ...]) -> Pixels:
    height, width = size_px
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0))


def _measurements(photo: Photo, pixels: Pixels, mask: Mask, scale_px: float) -> Measurements:
    values = measure(pixels, mask, scale_px=scale_px, pixel_spacing_mm=photo.pixel_spacing_mm)
    return Measurements(**{name: getattr(values, name) for name in Measurements.model_fields})


def _contour(lines: Sequence[Polygon], scale_px: float) -> tuple[tuple[float, float], ...]:
    if not lines:
        return ()
    # Pixel centres have whole co-ordinates, so that an edge lies at -0.5 at every scale.
    points = ((lines[0] + 0.5) * scale_px - 0.5).tolist()
    return tuple((round(x, 1), round(y, 1)) for x, y in points)


def _pictures(
    photo: Photo, segmentation: Segmentation, lines: Sequence[Polygon], pixels: Pixels
) -> Pictures:
    if not lines:
        return Pictures(segmentation.mask, overlay=pixels, crop=None)
    height, width = photo.pixels.shape[:2]
    box = lesion_box(resize_mask(segmentation.working_mask, (height, width)))
    return Pictures(segmentation.mask, draw_polygons(pixels, lines), crop(photo.pixels, box))
