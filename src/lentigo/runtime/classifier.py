"""A classification bundle at work: from a photo to the probability that it is malignant."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lentigo.bundle import Bundle, open_bundle
from lentigo.errors import LentigoError
from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.view import Seen
from lentigo.runtime.answer import answer
from lentigo.runtime.engines import ENGINES
from lentigo.runtime.photos import PhotoLike, as_photo


class Classifier:
    """Estimates the probability that photos show a malignant lesion.

    Args:
        bundle: A bundle, a shipped one's name, or a folder; None takes the default.
        engine: What runs it: ``auto``, ``onnxruntime`` or ``openvino``.
        threads: Processor threads; None takes one a core.

    Raises:
        BundleError: The bundle is missing, changed, or does another task.
        UnknownNameError: No such engine, or this version lacks a preprocessing step.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path | None = None,
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.bundle = open_bundle(bundle, "classification")
        self.view = self.bundle.spec.input.view
        # A decision at a threshold must not hang on which arithmetic the processor has.
        self.engine = ENGINES[engine](self.bundle.model_path, threads, exact=True)

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
        probability = answer(self.bundle, self.engine, batch).astype(np.float64)
        calibration = self.bundle.spec.calibration
        return calibration.apply(probability) if calibration else probability
