from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.bundle import Bundle, write_bundle
from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.geometry import resize_plane
from lentigo.imaging.heat import Heat, positive_share
from lentigo.imaging.region import Region
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


def test_diagnoses_come_by_name_the_greatest_first(telling_bundle: Bundle) -> None:
    classifier = Classifier(telling_bundle, engine="onnxruntime")
    dark, bright = (classifier.estimate(plain(grey)).diagnoses for grey in (100, 200))
    assert dark is not None
    assert bright is not None
    assert list(dark) == ["mel", "nv", "odd one"]
    assert list(bright) == ["nv", "odd one", "mel"]
    for shares in (dark, bright):
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("size_px", [(120, 160), (160, 120), (100, 300)])
def test_heat_says_where_in_the_photo(telling_bundle: Bundle, size_px: tuple[int, int]) -> None:
    photo, dark = dark_place(size_px)
    heat = Classifier(telling_bundle, engine="onnxruntime").estimate(photo).heat
    assert heat is not None
    assert heat.box == (0, 0, *size_px)
    assert heat.values.min() < 0  # what speaks against it stays below 0
    assert_hot(heat, dark)


def test_heat_of_a_crop_says_where_in_the_whole_photo(
    telling_bundle: Bundle, tmp_path: Path
) -> None:
    photo, dark = dark_place((240, 320))
    region = Region(kind="crop", context=0.5)
    seen = telling_bundle.spec.input.model_copy(update={"region": region})
    spec = telling_bundle.spec.model_copy(update={"input": seen})
    bundle = write_bundle(tmp_path / "crop", spec, {"model.onnx": telling_bundle.model_path})
    heat = Classifier(bundle, engine="onnxruntime").estimate(photo, dark).heat
    assert heat is not None
    assert heat.box.height < 240 / 2
    assert_hot(heat, dark)


def dark_place(size_px: tuple[int, int]) -> tuple[Pixels, Mask]:
    """Return bright skin with one dark place, and where that is."""
    dark = np.zeros(size_px, bool)
    top, left = size_px[0] // 2, size_px[1] // 5
    dark[top : top + 30, left : left + 40] = True
    photo = np.where(dark[..., np.newaxis], 30, 210).astype(np.uint8).repeat(3, axis=2)
    return photo, dark


def assert_hot(heat: Heat, dark: Mask) -> None:
    """The heat map's centre of mass lies where the dark place's does."""
    shown = np.zeros(dark.shape, np.float32)
    within = resize_plane(heat.values, (heat.box.height, heat.box.width))
    shown[heat.box.slices] = positive_share(within)
    for axis in (0, 1):
        places = np.arange(dark.shape[axis])
        middle = np.average(places, weights=shown.sum(axis=1 - axis))
        assert abs(middle - places[dark.any(axis=1 - axis)].mean()) < dark.shape[axis] / 10


def test_a_bundle_of_before_tells_neither(classifier: Classifier) -> None:
    estimate = classifier.estimate(plain(120))
    assert estimate.diagnoses is None
    assert estimate.heat is None
