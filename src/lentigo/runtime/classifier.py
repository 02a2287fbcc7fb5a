"""A classification bundle at work: from a photo to the probability that it is malignant."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lentigo.bundle import Bundle, open_bundle
from lentigo.errors import LentigoError
from lentigo.imaging.arrays import Floats, Mask, Pixels
from lentigo.imaging.heat import Heat, heat_of_box
from lentigo.imaging.read import Photo
from lentigo.imaging.view import Seen
from lentigo.runtime.answer import answer
from lentigo.runtime.engines import ENGINES, OUTPUTS
from lentigo.runtime.photos import PhotoLike, as_photo


@dataclass(frozen=True)
class Estimate:
    """What a classifier says of one photo.

    Attributes:
        probability: That the lesion is malignant, calibrated, 0–1.
        diagnoses: Each diagnosis's share, 0–1, the greatest first; they sum to 1 and are not
            calibrated. None where the bundle does not tell.
        heat: What each part of the photo says, in logits of malignancy: above 0 for, below 0
            against it. None where the bundle does not tell.
    """

    probability: float
    diagnoses: dict[str, float] | None = None
    heat: Heat | None = None


class Classifier:
    """Estimates the probability that photos show a malignant lesion.

    Args:
        bundle: A bundle, a shipped one's name, or a folder; None takes the default.
        engine: What runs it: ``auto``, ``onnxruntime`` or ``openvino``.
        threads: Processor threads; None takes one a core.
        at_once: How many calls to expect at a time, among which the threads are divided.

    Raises:
        BundleError: The bundle is missing, changed, or does another task.
        UnknownNameError: No such engine, or this version lacks a preprocessing step.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path | None = None,
        engine: str = "auto",
        threads: int | None = None,
        at_once: int = 1,
    ) -> None:
        self.bundle = open_bundle(bundle, "classification")
        self.view = self.bundle.spec.input.view
        # A decision at a threshold must not hang on which arithmetic the processor has.
        self.engine = ENGINES[engine](self.bundle.model_path, threads, True, at_once)

    def probability(self, image: PhotoLike, mask: Mask | None = None) -> float:
        """Return the calibrated probability, 0–1, that the photo's lesion is malignant.

        Args:
            image: A photo, an RGB array uint8 H×W×3, or a file.
            mask: The lesion, bool, at any scale. A bundle with a region needs it, and is shown the
                whole frame where it is empty; others do without.

        Raises:
            ImageError: The file cannot be read.
            LentigoError: The mask is missing or does not fit the photo.
        """
        return float(self.probabilities([image], None if mask is None else [mask])[0])

    def probabilities(
        self, images: Sequence[PhotoLike], masks: Sequence[Mask] | None = None
    ) -> NDArray[np.float64]:
        """Return the calibrated probability of each photo, from one pass through the model.

        Args:
            images: The photos.
            masks: The lesion in each, as in :meth:`probability`.

        Raises:
            ImageError: A file cannot be read.
            LentigoError: Masks are missing, or one does not fit its photo.
            BundleError: The model cannot be run.
        """
        if not images:
            return np.zeros(0)
        pairs = zip(images, [None] * len(images) if masks is None else masks, strict=True)
        return self.scores(np.stack([self.see(image, mask).pixels for image, mask in pairs]))

    def estimate(self, image: PhotoLike, mask: Mask | None = None) -> Estimate:
        """Return all that the bundle tells of a photo, from one pass through the model.

        Args:
            image: A photo, as in :meth:`probability`.
            mask: Its lesion, as in :meth:`probability`.

        Raises:
            ImageError: The file cannot be read.
            LentigoError: The mask is missing or does not fit the photo.
            BundleError: The model cannot be run.
        """
        photo = as_photo(image, min_side_px=self.view.min_side_px)
        return self.estimate_seen(photo, self.see(photo, mask))

    def estimate_all(self, photos: Sequence[Photo], masks: Sequence[Mask]) -> list[Estimate]:
        """Return all that the bundle tells of each photo, from one pass through the model.

        Args:
            photos: The photos.
            masks: The lesion in each, as in :meth:`probability`.

        Raises:
            LentigoError: A mask does not fit its photo.
            BundleError: The model cannot be run.
        """
        pairs = zip(photos, masks, strict=True)
        return self._estimates(photos, [self.see(photo, mask) for photo, mask in pairs], OUTPUTS)

    def estimate_seen(
        self, photo: Photo, seen: Seen, wanted: Collection[str] = OUTPUTS
    ) -> Estimate:
        """Return what the bundle tells of a photo, given what the model is shown of it.

        Args:
            photo: The photo.
            seen: What :meth:`see` made of it.
            wanted: Which of the model's outputs to tell of, ``probability`` among them.

        Raises:
            BundleError: The model cannot be run.
        """
        (estimate,) = self._estimates([photo], [seen], wanted)
        return estimate

    def _estimates(
        self, photos: Sequence[Photo], seen: Sequence[Seen], wanted: Collection[str]
    ) -> list[Estimate]:
        if not photos:
            return []
        batch = np.stack([one.pixels for one in seen])
        told = answer(self.bundle, self.engine, batch, wanted)
        risks = self._calibrated(told.probability)
        return [
            Estimate(
                probability=float(risks[at]),
                diagnoses=None if told.diagnoses is None else self._named(told.diagnoses[at]),
                heat=None if told.heat is None else self._heat(photo, seen[at], told.heat[at]),
            )
            for at, photo in enumerate(photos)
        ]

    def _heat(self, photo: Photo, seen: Seen, values: Floats) -> Heat:
        shown = heat_of_box(values, seen.box, self.view.size_px)
        return shown.over(photo.pixels.shape[:2], photo.size_px)

    def see(self, image: PhotoLike, mask: Mask | None = None) -> Seen:
        """Return what the model is shown of a photo, as in :meth:`probability`.

        Raises:
            ImageError: The file cannot be read.
            LentigoError: The mask is missing or does not fit the photo.
        """
        if mask is None and self.view.region is not None:
            raise LentigoError(
                f"bundle '{self.bundle.spec.name}' is shown a region of the photo "
                f"({self.view.region.kind}): give the lesion's mask too, or let Analyzer find it"
            )
        photo = as_photo(image, min_side_px=self.view.min_side_px)
        try:
            return self.view.look(photo, mask)
        except ValueError as error:
            raise LentigoError(str(error)) from error

    def scores(self, batch: Pixels) -> NDArray[np.float64]:
        """Return the calibrated probability of each of the pictures, N×H×W×C, that it saw.

        Raises:
            BundleError: The model cannot be run.
        """
        return self._calibrated(answer(self.bundle, self.engine, batch).probability)

    def _calibrated(self, probability: Floats) -> NDArray[np.float64]:
        calibration = self.bundle.spec.calibration
        exact = probability.astype(np.float64)
        return calibration.apply(exact) if calibration else exact

    def _named(self, shares: Floats) -> dict[str, float]:
        exact = shares.astype(np.float64) / shares.sum(dtype=np.float64)  # no rounding above 1
        named = zip(self.bundle.spec.diagnoses, exact.tolist(), strict=True)
        return dict(sorted(named, key=lambda one: one[1], reverse=True))
