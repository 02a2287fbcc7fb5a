from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.bundle import Bundle
from lentigo.runtime.classifier import Classifier


@pytest.fixture(scope="module")
def classifier(classifier_bundle: Bundle) -> Classifier:
    return Classifier(classifier_bundle, engine="onnxruntime")


def plain(grey: int) -> np.ndarray:
    return np.full((30, 40, 3), grey, np.uint8)


def test_the_probability_is_calibrated(classifier: Classifier) -> None:
    # The tiny model's logit is (150 - grey) / 10; its bundle scales it by 0.5 and adds 0.1.
    for grey in (130, 150, 170):
        expected = 1 / (1 + np.exp(-(0.5 * (150 - grey) / 10 + 0.1)))
        assert classifier.probability(plain(grey)) == pytest.approx(expected, abs=1e-5)


def test_a_batch_says_the_same_as_each_alone(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(plain(120)).save(path)
    images = [plain(100), path, plain(180)[:, :25]]
    together = classifier.probabilities(images)
    np.testing.assert_allclose(together, [classifier.probability(image) for image in images])
    assert classifier.probabilities([]).shape == (0,)
