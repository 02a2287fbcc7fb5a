"""A segmentation bundle at work: from a photo to the lesion's mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from lentigo.bundle import Bundle, open_bundle
from lentigo.errors import LentigoError
from lentigo.imaging.arrays import Floats, Mask, Size
from lentigo.imaging.geometry import Letterbox, resize_mask, same_aspect, working_size
from lentigo.imaging.outline_quality import outline_features
from lentigo.imaging.read import Photo
from lentigo.imaging.refine import refine
from lentigo.runtime.answer import answer
from lentigo.runtime.engines import ENGINES
from lentigo.runtime.photos import PhotoLike, as_photo


@dataclass(frozen=True)
class Segmentation:
    """Where a photo's lesion is.

    Attributes:
        outline: bool, as it came from the net or the caller; True = lesion.
        size_px: Height and width that were asked for.
        working_mask: bool, at the size it was refined at (long side ≤ 1024 px).
        probability: float32 in 0–1, at ``working_mask``'s size, before threshold and refinement.
        expected_jaccard: What the mask's Jaccard with an expert's is expected to be, 0–1; 0 where
            no lesion was found, None where the bundle does not tell.
    """

    outline: Mask
    size_px: Size
    working_mask: Mask
    probability: Floats
    expected_jaccard: float | None = None

    @cached_property
    def mask(self) -> Mask:
        """The lesion at ``size_px``; made when it is asked for, as a camera's takes a while."""
        return resize_mask(self.outline, self.size_px)


def given_outline(photo: Photo, outline: Mask) -> Segmentation:
    """Return a caller's own outline of a photo's lesion as a segmenter would give its own.

    Args:
        photo: The photo.
        outline: bool, the lesion in the whole upright photo, at any scale.

    Raises:
        LentigoError: It has another aspect ratio than the photo.
    """
    if not same_aspect(outline.shape, photo.size_px):
        got, expected = ("×".join(map(str, size)) for size in (outline.shape, photo.size_px))
        raise LentigoError(
            f"the outline has {got} pixels (height×width); expected the photo's {expected}, or "
            "the same shape at another scale"
        )
    working_mask = resize_mask(outline, working_size(photo.size_px))
    probability = working_mask.astype(np.float32)
    return Segmentation(outline, photo.size_px, working_mask, probability)


class Segmenter:
    """Outlines the lesion in photos with a segmentation bundle.

    Args:
        bundle: A bundle, a shipped one's name, or a folder; None takes the default.
        engine: What runs it: ``auto``, ``onnxruntime`` or ``openvino``.
        threads: Processor threads; None takes one a core.
        at_once: How many calls to expect at a time, among which the threads are divided.

    Raises:
        BundleError: The bundle is missing, changed, or does another task.
        UnknownNameError: No such engine.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path | None = None,
        engine: str = "auto",
        threads: int | None = None,
        at_once: int = 1,
    ) -> None:
        self.bundle = open_bundle(bundle, "segmentation")
        self.engine = ENGINES[engine](self.bundle.model_path, threads, at_once=at_once)
        self.threshold = self.bundle.spec.operating_point().threshold

    def segment(
        self,
        image: PhotoLike,
        size_px: tuple[int, int] | None = None,
    ) -> Segmentation:
        """Return where the lesion is.

        Args:
            image: A photo, an RGB array uint8 H×W×3, or a file.
            size_px: (height, width) of the mask; None takes the photo's own.

        Raises:
            ImageError: The file cannot be read.
            BundleError: The model cannot be run.
        """
        photo = as_photo(image, min_side_px=max(self.bundle.spec.input.size_px))
        (found,) = self._answers([photo])
        return self._segmentation(photo, found, size_px or photo.size_px)

    def segment_all(self, photos: Sequence[Photo]) -> list[Segmentation]:
        """Return where the lesion is in each photo, at its own size, from one pass of the model.

        Raises:
            BundleError: The model cannot be run.
        """
        answers = zip(photos, self._answers(photos), strict=True)
        return [self._segmentation(photo, found, photo.size_px) for photo, found in answers]

    def _answers(self, photos: Sequence[Photo]) -> Floats:
        """Return the net's own probability for each photo, N×H×W at its input's size."""
        size_px = self.bundle.spec.input.size_px
        if not photos:
            return np.zeros((0, *size_px), np.float32)
        pictures = [Letterbox(photo.size_px, size_px).image(photo.pixels) for photo in photos]
        return answer(self.bundle, self.engine, np.stack(pictures)).probability

    def _segmentation(
        self, photo: Photo, net_probability: Floats, wanted_px: tuple[int, int]
    ) -> Segmentation:
        letterbox = Letterbox(photo.size_px, self.bundle.spec.input.size_px)
        probability = letterbox.back(net_probability, working_size(wanted_px))
        working_mask = self._mask(probability)
        found = bool(working_mask.any())
        expected = self._expected_jaccard(net_probability[letterbox.inner.slices], found)
        return Segmentation(working_mask, wanted_px, working_mask, probability, expected)

    def _mask(self, probability: Floats) -> Mask:
        mask = probability >= self.threshold
        return refine(mask) if self.bundle.spec.refine else mask

    def _expected_jaccard(self, probability: Floats, found: bool) -> float | None:
        """Return what a map at the net's own size lets expect of its outline."""
        quality = self.bundle.spec.outline_quality
        if quality is None:
            return None
        features = outline_features(probability, self._mask(probability)) if found else None
        return quality.expected_jaccard(features)
