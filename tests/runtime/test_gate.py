"""The shipped gate: what is not dermoscopy is refused with a reason, and not scored."""

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import sklearn.datasets
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import ValidationError

from lentigo.bundle import Bundle
from lentigo.imaging.read import read_photo
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.batch import Done, analyze_many
from lentigo.runtime.finding import NOT_DERMOSCOPY, Finding
from lentigo.runtime.gate import GATE_FILE, GateModel, in_words, shipped_gate
from lentigo.synthetic import sample_set

PHOTOS = [
    *(Path(skimage.data.__file__).parent / name for name in (
        "astronaut.png", "chelsea.png", "coffee.png", "page.png", "text.png", "coins.png",
        "camera.png", "rocket.jpg", "brick.png", "grass.png", "moon.png", "retina.jpg",
        "motorcycle_left.png", "ihc.png", "hubble_deep_field.jpg",
    )),
    *(Path(sklearn.datasets.__file__).parent / "images" / name for name in (
        "china.jpg", "flower.jpg",
    )),
]  # fmt: skip


@pytest.fixture(scope="module")
def strict(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> Analyzer:
    return Analyzer(segmenter_bundle, classifier_bundle, "onnxruntime")


def a_page() -> NDArray[np.uint8]:
    image = Image.new("RGB", (400, 300), "white")
    for line in range(12):
        words = "a letter about something else altogether"
        ImageDraw.Draw(image).text((20, 15 + 22 * line), words, fill="black")
    return np.asarray(image)


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)


def a_gradient() -> NDArray[np.uint8]:
    return np.tile(np.linspace(0, 255, 400).astype(np.uint8)[:, None], (300, 1, 3))


def one_colour(*rgb: int) -> NDArray[np.uint8]:
    return np.full((300, 400, 3), rgb, np.uint8)


OTHERS = {
    "black": one_colour(0, 0, 0),
    "white": one_colour(255, 255, 255),
    "blue": one_colour(40, 90, 200),
    "skin-coloured": one_colour(224, 172, 150),
    "noise": noise(),
    "a page": a_page(),
    "a gradient": a_gradient(),
}


@pytest.mark.parametrize("image", OTHERS.values(), ids=OTHERS)
def test_what_is_no_dermoscopy_is_refused_with_a_reason(
    image: NDArray[np.uint8], strict: Analyzer
) -> None:
    finding = strict.analyze(image)
    assert finding.decision == "refused"
    assert finding.refusal is not None
    assert finding.refusal.code == NOT_DERMOSCOPY
    assert finding.refusal.score < finding.refusal.accept_from
    assert "does not look like dermoscopy, most of all by how" in finding.refusal.message
    assert finding.probability_malignant is None
    assert not finding.lesion_found
    assert finding.measurements is None
    assert finding.pictures is not None
    assert finding.pictures.mask is None


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.name)
def test_photos_of_other_things_are_refused(path: Path) -> None:
    if not path.is_file():
        pytest.skip(f"this version of the library comes without {path.name}")
    assert not shipped_gate().judge(read_photo(path).pixels).accepted


def test_drawn_lesions_of_all_skin_types_are_accepted_at_any_size(tmp_path: Path) -> None:
    for sample in sample_set(tmp_path):
        with Image.open(sample.image) as image:
            for side in (128, 600):
                resized = np.asarray(image.resize((side * 4 // 3, side)))
                assert shipped_gate().judge(resized).accepted, (sample.image.name, side)


def test_without_the_gate_an_image_is_scored_and_the_warning_stays(analyzer: Analyzer) -> None:
    finding = analyzer.analyze(noise())
    assert finding.decision in ("malignant", "benign")
    assert finding.probability_malignant is not None
    assert finding.refusal is None
    assert NOT_DERMOSCOPY in [note.code for note in finding.warnings]


def test_an_accepted_image_is_scored_alike_with_and_without_the_gate(
    strict: Analyzer, analyzer: Analyzer, tmp_path: Path
) -> None:
    (sample,) = sample_set(tmp_path, count=1)
    gated, free = (each.analyze(sample.image) for each in (strict, analyzer))
    assert gated.probability_malignant == free.probability_malignant
    assert gated.warnings == free.warnings


def test_a_refusal_survives_json_and_cannot_carry_a_risk(strict: Analyzer) -> None:
    finding = strict.analyze(noise())
    fields = json.loads(finding.model_dump_json())
    assert Finding.model_validate(fields) == finding.model_copy(update={"pictures": None})
    with pytest.raises(ValidationError, match="refused must mean"):
        Finding.model_validate(fields | {"probability_malignant": 0.2})


def test_a_refused_image_keeps_no_mask_of_an_earlier_run(
    strict: Analyzer, analyzer: Analyzer, tmp_path: Path
) -> None:
    photo = tmp_path / "noise.png"
    Image.fromarray(noise()).save(photo)
    for each, files in (
        (analyzer, {"mask.png", "overlay.jpg", "crop.jpg", "finding.json"}),
        (strict, {"overlay.jpg", "finding.json"}),
    ):
        # With another setting of the gate, an earlier finding is not kept.
        (done,) = analyze_many(each, [photo], tmp_path / "out", resume=True)
        assert isinstance(done, Done)
        assert not done.resumed
        assert {path.name for path in done.folder.iterdir()} >= files - {"crop.jpg"}
    assert {path.name for path in done.folder.iterdir()} == files


def test_further_from_dermoscopy_is_no_better_without_limit() -> None:
    model = GateModel.model_validate_json(GATE_FILE.read_bytes())
    mean = np.array([feature.mean for feature in model.features.values()])
    assert model.scores(mean) > model.accept_from
    for far in (1e3, -1e3, 1e6):
        assert model.scores(mean + far) < model.accept_from
    many = np.stack([mean, mean + 1])
    assert model.scores(many) == pytest.approx([float(model.scores(row)) for row in many])


def test_every_number_that_the_gate_knows_can_be_told_in_words() -> None:
    told = {in_words(name) for name in shipped_gate().model.features}
    assert len(told) > 10
    assert not any("_" in words for words in told)
