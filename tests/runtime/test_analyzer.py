import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import lentigo
from lentigo.bundle import Bundle
from lentigo.errors import BundleError
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.finding import Finding


def test_a_finding_says_all_of_one_image(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8], tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(dark_disc).save(path)
    finding = analyzer.analyze(path)
    assert finding.image == str(path)
    assert finding.size_px == (120, 160)
    assert finding.lesion_found
    assert finding.measurements is not None
    assert finding.measurements.equivalent_diameter_px == pytest.approx(60, rel=0.05)
    assert finding.measurements.equivalent_diameter_mm is None
    assert finding.box is not None
    assert finding.box.top < 30
    assert finding.box.top + finding.box.height > 90
    assert finding.operating_point.name == "balanced"
    assert finding.made_with.segmenter.name == "dark-is-lesion"
    assert finding.pictures is not None
    assert finding.pictures.mask.shape == (120, 160)
    assert finding.pictures.crop is not None
    assert finding.pictures.crop.shape[:2] == (finding.box.height, finding.box.width)
    assert not np.array_equal(finding.pictures.overlay, dark_disc)


def test_the_contour_runs_around_the_lesion_in_the_photos_own_pixels(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    large = dark_disc.repeat(20, axis=0).repeat(20, axis=1)  # 2400×3200: refined reduced
    x, y = np.array(analyzer.analyze(large).contour).T
    radius = np.hypot(x - (90 * 20 + 9.5), y - (60 * 20 + 9.5))
    assert radius.mean() == pytest.approx(30.5 * 20, rel=0.03)
    assert radius.std() < 30


def test_json_and_back(analyzer: Analyzer, dark_disc: NDArray[np.uint8]) -> None:
    finding = analyzer.analyze(dark_disc)
    text = finding.model_dump_json()
    assert "pictures" not in json.loads(text)
    assert json.loads(text)["notice"].startswith("Research use only")
    again = Finding.model_validate_json(text)
    assert again == finding.model_copy(update={"pictures": None})


def test_without_a_lesion_there_is_a_warning_and_no_measurement(analyzer: Analyzer) -> None:
    finding = analyzer.analyze(np.full((300, 400, 3), 220, np.uint8))
    assert not finding.lesion_found
    assert finding.measurements is None
    assert finding.box is None
    assert finding.contour == ()
    assert finding.pictures is not None
    assert finding.pictures.crop is None
    assert "no-lesion" in [note.code for note in finding.warnings]


def test_the_operating_point_decides(
    segmenter_bundle: Bundle, classifier_bundle: Bundle, dark_disc: NDArray[np.uint8]
) -> None:
    decisions = {
        point: Analyzer(
            segmenter_bundle, classifier_bundle, "onnxruntime", point, gate=False
        ).analyze(dark_disc)
        for point in ("balanced", "cautious")
    }
    assert decisions["balanced"].decision == "benign"
    assert decisions["cautious"].decision == "malignant"
    assert len({finding.probability_malignant for finding in decisions.values()}) == 1


def test_an_unknown_operating_point_lists_those_there_are(
    segmenter_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    with pytest.raises(BundleError, match="it has: balanced, cautious"):
        Analyzer(segmenter_bundle, classifier_bundle, operating_point="brave")


def test_the_package_offers_the_pipeline_by_its_short_name() -> None:
    assert lentigo.Analyzer is Analyzer
    assert set(lentigo.__all__) <= set(dir(lentigo))
    assert all(hasattr(lentigo, name) for name in lentigo.__all__)


def test_a_finding_says_which_and_where_if_its_classifier_does(
    telling_analyzer: Analyzer, analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    finding = telling_analyzer.analyze(dark_disc)
    assert finding.diagnoses is not None
    assert set(finding.diagnoses) == {"nv", "mel", "odd one"}
    heat = finding.heat_map
    assert heat is not None
    assert (heat.box.height, heat.box.width) == finding.size_px
    assert finding.pictures is not None
    overlay = finding.pictures.overlay
    changed = np.abs(heat.draw(overlay, finding.size_px).astype(int) - overlay).sum(axis=2)
    inside = dark_disc[..., 0] < 128
    assert changed[inside].mean() > 10 * changed[~inside].mean()
    again = Finding.model_validate_json(finding.model_dump_json())
    assert list((again.diagnoses or {}).items()) == list(finding.diagnoses.items())
    assert again.heat_map == heat
    before = analyzer.analyze(dark_disc)
    assert before.diagnoses is None
    assert before.heat_map is None
    assert before.probability_malignant == finding.probability_malignant


def test_a_finding_written_before_there_were_diagnoses_is_read(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    earlier = json.loads(analyzer.analyze(dark_disc).model_dump_json())
    del earlier["diagnoses"], earlier["heat_map"]
    assert Finding.model_validate(earlier).diagnoses is None


def test_a_fault_of_the_classifier_reaches_the_caller(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise BundleError("the model gave no numbers")

    monkeypatch.setattr(analyzer.classifier, "estimate_all", fails)
    with pytest.raises(BundleError, match="no numbers"):
        analyzer.analyze(dark_disc)
