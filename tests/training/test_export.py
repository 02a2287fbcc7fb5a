from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import Silent, recipe_of

from lentigo.bundle import load_bundle
from lentigo.errors import BundleError, TrainingError
from lentigo.runtime.classifier import Classifier
from lentigo.runtime.verify import verify_bundle
from lentigo.synthetic import draw_lesion
from lentigo.training import export as exporting
from lentigo.training.export import export
from lentigo.training.folder import RunFolder
from lentigo.training.run import train


@pytest.fixture(scope="module")
def ended(drawn_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "ended"
    train(recipe_of("classification"), {"csv": drawn_root}, out, Silent())
    return out


def test_a_run_becomes_a_bundle_that_scores(ended: Path, tmp_path: Path) -> None:
    bundle = export(ended, tmp_path / "mine")
    assert bundle.spec.name == "mine"
    assert bundle.spec.recipe == recipe_of("classification").model_dump(mode="json")
    verify_bundle(bundle)
    image = draw_lesion(3, (48, 64)).image
    probability = Classifier(load_bundle(tmp_path / "mine"), "onnxruntime").probability(image)
    assert 0 <= probability <= 1


def test_training_can_go_on_from_a_bundles_weights(ended: Path, tmp_path: Path) -> None:
    export(ended, tmp_path / "mine")
    assert not (
        export(ended, tmp_path / "lean", with_weights=False).path / "model.safetensors"
    ).exists()
    kept = (tmp_path / "mine" / "model.safetensors").read_bytes()
    from safetensors.torch import load

    best = RunFolder(ended).load_best()
    assert all(torch.equal(value, best[name]) for name, value in load(kept).items())


def test_a_run_that_has_not_ended_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not a run's folder"):
        export(tmp_path, tmp_path / "bundle")
    (tmp_path / "recipe.yaml").touch()
    with pytest.raises(TrainingError, match=r"has not ended.*tuned\.json.*--resume"):
        export(tmp_path, tmp_path / "out")


def test_a_model_that_disagrees_is_refused(
    ended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truthful = exporting._differences
    monkeypatch.setattr(
        exporting, "_differences", lambda model, pixels, expected: truthful(
            model, pixels, expected | {"probability": expected["probability"] + np.float32(0.01)}
        )
    )  # fmt: skip
    with pytest.raises(BundleError, match=r"probability by up to 0\.01 "):
        export(ended, tmp_path / "out")
    assert not (tmp_path / "out").exists()
