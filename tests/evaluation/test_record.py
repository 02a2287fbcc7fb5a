import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lentigo.bundle import Bundle, load_bundle
from lentigo.data.manifest import build_manifest
from lentigo.errors import BundleError
from lentigo.evaluation.evaluate import evaluate_bundle
from lentigo.evaluation.model_card import DIAGRAM
from lentigo.evaluation.record import record
from lentigo.synthetic import sample_set


@pytest.fixture
def own_bundle(segmenter_bundle: Bundle, tmp_path: Path) -> Bundle:
    return load_bundle(shutil.copytree(segmenter_bundle.path, tmp_path / "own"))


@pytest.fixture
def metrics(own_bundle: Bundle, tmp_path: Path) -> dict[str, Any]:
    samples = sample_set(tmp_path / "samples", count=3, size_px=(96, 128))
    rows = [{"image_id": s.image.stem, "image": str(s.image), "mask": str(s.mask)} for s in samples]
    manifest = build_manifest(pl.DataFrame(rows), "csv")
    return evaluate_bundle(own_bundle, manifest, engine="onnxruntime").metrics


def test_a_recorded_result_stands_in_index_and_card(
    own_bundle: Bundle, metrics: dict[str, Any]
) -> None:
    assert not own_bundle.spec.metrics
    record(own_bundle, metrics)
    again = load_bundle(own_bundle.path)
    assert again.spec.metrics == metrics
    card = (again.path / "MODEL_CARD.md").read_text()
    assert f"{metrics['dice']['per_image']['value']:.3f}" in card
    assert again.spec.files["model.onnx"] == own_bundle.spec.files["model.onnx"]


def test_a_reliability_diagram_comes_and_goes_with_its_result(
    classifier_bundle: Bundle, tmp_path: Path
) -> None:
    own = load_bundle(shutil.copytree(classifier_bundle.path, tmp_path / "classifier"))
    samples = sample_set(tmp_path / "samples", count=4, size_px=(96, 128))
    rows = [
        {"image_id": s.image.stem, "image": str(s.image), "label": i % 2}
        for i, s in enumerate(samples)
    ]
    metrics = evaluate_bundle(
        own, build_manifest(pl.DataFrame(rows), "csv"), engine="onnxruntime"
    ).metrics
    again = record(own, metrics)
    assert DIAGRAM in again.spec.files
    assert f"]({DIAGRAM})" in (again.path / "MODEL_CARD.md").read_text()
    without = {key: value for key, value in metrics.items() if key != "reliability"}
    assert DIAGRAM not in record(again, without).spec.files


def test_another_models_result_is_refused(own_bundle: Bundle, metrics: dict[str, Any]) -> None:
    foreign = metrics | {"bundle": {"name": "other", "model_sha256": "0" * 64}}
    with pytest.raises(BundleError, match="evaluate this bundle itself"):
        record(own_bundle, foreign)
    assert not load_bundle(own_bundle.path).spec.metrics
