import json
from pathlib import Path

import numpy as np
import pytest

from lentigo.bundle import (
    Bundle,
    BundleSpec,
    Calibration,
    Guarantee,
    OperatingPoint,
    bundle_names,
    load_bundle,
    write_bundle,
)
from lentigo.errors import BundleError


@pytest.fixture
def copy(tmp_path: Path, classifier_bundle: Bundle) -> Path:
    files = {"model.onnx": classifier_bundle.model_path, "MODEL_CARD.md": b"# Card\n"}
    return write_bundle(tmp_path / "copy", classifier_bundle.spec, files).path


def edit(folder: Path, **fields: object) -> None:
    index = folder / "bundle.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | fields))


def test_what_was_written_is_read_back(copy: Path, classifier_bundle: Bundle) -> None:
    bundle = load_bundle(copy)
    assert bundle.spec.operating_points == classifier_bundle.spec.operating_points
    assert set(bundle.spec.files) == {"model.onnx", "MODEL_CARD.md"}
    assert bundle.size_bytes == sum(path.stat().st_size for path in copy.iterdir())


def test_a_promise_is_read_back_and_a_bundle_of_before_has_none(
    copy: Path, classifier_bundle: Bundle
) -> None:
    promise = Guarantee(
        expected_sensitivity=0.9, sensitivity=0.86, confidence=0.9, n_malignant_lesions=175
    )
    point = classifier_bundle.spec.operating_point().model_dump() | {"guarantee": promise}
    points = {"balanced": OperatingPoint.model_validate(point)}
    spec = classifier_bundle.spec.model_copy(update={"operating_points": points})
    assert write_bundle(copy, spec, {"model.onnx": classifier_bundle.model_path}).spec == (
        spec.model_copy(update={"files": load_bundle(copy).spec.files})
    )
    edit(copy, operating_points={"balanced": {"threshold": 0.5, "rule": "of before"}})
    assert load_bundle(copy).spec.operating_point().guarantee is None


def test_diagnoses_are_named_once_and_a_bundle_of_before_has_none(copy: Path) -> None:
    assert load_bundle(copy).spec.diagnoses == ()
    edit(copy, diagnoses=["nv", "mel", "nv"])
    with pytest.raises(BundleError, match="one is named twice in nv, mel, nv"):
        load_bundle(copy)
    edit(copy, diagnoses=["<script>"])
    with pytest.raises(BundleError, match=r"diagnoses\.0"):
        load_bundle(copy)


def test_one_changed_byte_is_noticed(copy: Path) -> None:
    model = copy / "model.onnx"
    content = bytearray(model.read_bytes())
    content[100] ^= 1
    model.write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.onnx.*SHA-256 differs"):
        load_bundle(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "MODEL_CARD.md").unlink()
    with pytest.raises(BundleError, match=r"MODEL_CARD\.md: missing"):
        load_bundle(copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", ".hidden"])
def test_a_file_name_cannot_leave_the_folder(copy: Path, name: str) -> None:
    edit(copy, files={"model.onnx": "0" * 64, name: "0" * 64})
    with pytest.raises(BundleError, match="files"):
        load_bundle(copy)


def test_a_wrong_field_is_named(copy: Path) -> None:
    edit(copy, task="detection")
    with pytest.raises(BundleError, match=r"bundle\.json: task"):
        load_bundle(copy)


def test_a_bundle_that_tells_an_outlines_quality_by_an_unknown_feature_is_refused(
    copy: Path,
) -> None:
    weights = {"log_doubt_inside": -1, "moon_phase": 1}
    edit(copy, outline_quality={"weights": weights, "bias": 0, "review_below": 0.7, "n": 90})
    with pytest.raises(BundleError, match=r"outline_quality\.weights\.moon_phase.*'solidity'"):
        load_bundle(copy)


def test_an_index_that_is_no_json_is_an_error(copy: Path) -> None:
    (copy / "bundle.json").write_text("{")
    with pytest.raises(BundleError, match=r"damaged .*Invalid JSON.*anew"):
        load_bundle(copy)


def test_the_default_operating_point_must_exist(copy: Path) -> None:
    edit(copy, default_operating_point="brave")
    with pytest.raises(BundleError, match="no operating point 'brave'; it has: balanced, cautious"):
        load_bundle(copy)


def test_the_wrong_task_is_refused(copy: Path) -> None:
    with pytest.raises(BundleError, match="does classification; segmentation was asked for"):
        load_bundle(copy, "segmentation")


def test_an_unknown_name_lists_what_ships() -> None:
    with pytest.raises(BundleError, match="'nope' is not a bundle; give a folder"):
        load_bundle("nope")


def test_shipped_bundles_are_whole() -> None:
    for name in bundle_names():
        assert load_bundle(name).spec.name == name


def test_each_task_has_at_most_one_default() -> None:
    tasks = [spec.task for name in bundle_names() if (spec := load_bundle(name).spec).default]
    assert len(tasks) == len(set(tasks))


def test_writing_replaces_a_bundle_but_nothing_else(tmp_path: Path, copy: Path) -> None:
    spec = load_bundle(copy).spec
    model = (copy / "model.onnx").read_bytes()
    write_bundle(copy, spec, {"model.onnx": model})
    assert sorted(path.name for path in copy.iterdir()) == ["bundle.json", "model.onnx"]
    (tmp_path / "diary").mkdir()
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        write_bundle(tmp_path / "diary", spec, {"model.onnx": model})


def test_a_failed_write_leaves_the_old_bundle(copy: Path, tmp_path: Path) -> None:
    before = load_bundle(copy).sha256
    with pytest.raises(FileNotFoundError):
        write_bundle(copy, load_bundle(copy).spec, {"model.onnx": tmp_path / "absent.onnx"})
    assert load_bundle(copy).sha256 == before
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_bundle_without_a_model_is_refused(tmp_path: Path, classifier_spec: BundleSpec) -> None:
    with pytest.raises(BundleError, match=r"lists no model\.onnx"):
        write_bundle(tmp_path / "empty", classifier_spec, {"notes.md": b"nothing else"})


def test_calibration_is_a_sigmoid_of_the_scaled_logit() -> None:
    probability = np.array([0.0, 0.2, 0.5, 0.9, 1.0])
    calibrated = Calibration(scale=0.5, bias=-1.0).apply(probability)
    expected = 1 / (1 + np.exp(-(0.5 * np.log(0.2 / 0.8) - 1)))
    assert calibrated[1] == pytest.approx(expected)
    assert (np.diff(calibrated) > 0).all()
    assert np.isfinite(calibrated).all()
    np.testing.assert_allclose(
        Calibration(scale=1, bias=0).apply(probability), probability, atol=2e-7
    )


def test_a_calibrations_inverse_leads_back() -> None:
    calibration = Calibration(scale=0.7, bias=-1.2)
    probability = np.array([0.001, 0.2, 0.5, 0.9, 0.999])
    back = calibration.inverse.apply(calibration.apply(probability))
    np.testing.assert_allclose(back, probability, rtol=1e-9)
