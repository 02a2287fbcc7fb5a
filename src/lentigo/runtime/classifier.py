"""A classification bundle at work: from a photo to the probability that it is malignant."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lentigo.bundle import Bundle, open_bundle
from lentigo.imaging.geometry import Letterbox
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
        UnknownNameError: No such engine.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path | None = None,
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.bundle = open_bundle(bundle, "classification")
        # A decision at a threshold must not hang on which arithmetic the processor has.
        self.engine = ENGINES[engine](self.bundle.model_path, threads, exact=True)

    def probability(self, image: PhotoLike) -> float:
        """Return the calibrated probability, 0–1, that the photo's lesion is malignant.

        Raises:
            ImageError: The file cannot be read.
        """
        return float(self.probabilities([image])[0])

    def probabilities(self, images: Sequence[PhotoLike]) -> NDArray[np.float64]:
        """Return the calibrated probability of each photo, from one pass through the model.

        Raises:
            ImageError: A file cannot be read.
            BundleError: The model cannot be run.
        """
        if not images:
            return np.zeros(0)
        spec = self.bundle.spec
        photos = (as_photo(image, min_side_px=max(spec.input.size_px)) for image in images)
        batch = np.stack(
            [Letterbox(photo.size_px, spec.input.size_px).image(photo.pixels) for photo in photos]
        )
        probability = answer(self.bundle, self.engine, batch).astype(np.float64)
        return spec.calibration.apply(probability) if spec.calibration else probability
