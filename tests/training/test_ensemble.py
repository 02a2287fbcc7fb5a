"""Nets that answer together: the same mean in torch, in ONNX and by hand."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from scipy.special import expit, logit, softmax
from tiny_training import Silent, recipe_of

from lentigo.bundle import Bundle, load_bundle
from lentigo.errors import BundleError, RecipeError
from lentigo.runtime.classifier import Classifier
from lentigo.training.ensemble import Ensemble, together
from lentigo.training.export import export
from lentigo.training.recipe import Recipe
from lentigo.training.run import train


def made(drawn_root: Path, folder: Path, **changes: object) -> Bundle:
    recipe = recipe_of("classification", **changes)
    train(recipe, {"csv": drawn_root}, folder / "run", Silent())
    return export(folder / "run", folder / "bundle", with_weights=False)


@pytest.fixture(scope="module")
def members(drawn_root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """Two bundles that differ in their seed."""
    return [made(drawn_root, tmp_path_factory.mktemp("member"), seed=seed) for seed in (1, 2)]


def pictures(recipe: Recipe) -> np.ndarray:
    height, width = recipe.data.size_px
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (5, height, width, 3), dtype=np.uint8)


def told(model: onnx.ModelProto, shown: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [out.name for out in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": shown}), strict=True))


def test_the_joined_model_gives_the_mean_of_logits(members: list[Bundle]) -> None:
    models = [onnx.load(bundle.model_path) for bundle in members]
    shown = pictures(recipe_of("classification"))
    apart, joined = [told(model, shown) for model in models], told(together(models), shown)
    odds = np.mean([logit(one["probability"]) for one in apart], axis=0)
    np.testing.assert_allclose(joined["probability"], expit(odds), atol=1e-5)
    np.testing.assert_allclose(joined["heat"], np.mean([o["heat"] for o in apart], 0), atol=1e-5)


def test_diagnoses_are_meaned_too_and_sum_to_one() -> None:
    model = onnx.load(load_bundle("mobilenetv2").model_path)
    turned = onnx.ModelProto()
    turned.CopyFrom(model)
    for weight in turned.graph.initializer:  # another net of the same shape
        if weight.data_type == onnx.TensorProto.FLOAT and len(weight.dims) == 1:
            values = onnx.numpy_helper.to_array(weight) * np.float32(0.9)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    shown = np.random.default_rng(0).integers(0, 256, (2, 160, 208, 3), dtype=np.uint8)
    apart = [told(one, shown)["diagnoses"] for one in (model, turned)]
    joined = told(together([model, turned]), shown)["diagnoses"]
    assert np.abs(apart[0] - apart[1]).max() > 1e-3
    expected = softmax(np.mean(np.log(apart), axis=0), axis=1)
    np.testing.assert_allclose(joined, expected, atol=1e-4)


def test_a_recipe_s_net_is_tuned_and_exported_together_with_its_bundles(
    members: list[Bundle], drawn_root: Path, tmp_path: Path
) -> None:
    alone = made(drawn_root, tmp_path / "alone")
    both = made(drawn_root, tmp_path / "both", ensemble=[str(members[0].path)])
    assert both.spec.net == "tiny-classifier + tiny-classifier"
    assert both.spec.trained_on == ("csv",)
    shown = pictures(recipe_of("classification"))
    parts = [told(onnx.load(one.model_path), shown)["probability"] for one in (alone, members[0])]
    expected = expit(np.mean([logit(part) for part in parts], axis=0))
    found = told(onnx.load(both.model_path), shown)["probability"]
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert 0 <= float(Classifier(both).scores(shown)[0]) <= 1
    assert both.spec.calibration != alone.spec.calibration


def test_torch_and_the_joined_model_agree(members: list[Bundle]) -> None:
    class Constant(torch.nn.Module):
        task, stride_px = "classification", 1

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return torch.full((len(pixels), 1), 2.0)

    shown = pictures(recipe_of("classification"))
    pixels = torch.from_numpy(shown).permute(0, 3, 1, 2).float()
    found = Ensemble(Constant(), members[:1])(pixels)[:, 0].numpy()  # type: ignore[arg-type]
    alone = logit(told(onnx.load(members[0].model_path), shown)["probability"])
    np.testing.assert_allclose(found, (2 + alone) / 2, atol=1e-3)


def test_what_cannot_answer_together_is_refused_before_any_work(
    members: list[Bundle], drawn_root: Path, tmp_path: Path
) -> None:
    for named, message in (
        (tmp_path / "nowhere", "nowhere is not a bundle"),
        (members[0].path.parent / "run", "run is not a bundle; export"),
    ):
        with pytest.raises(RecipeError, match=f"ensemble: .*{message}"):
            made(drawn_root, tmp_path / "out", ensemble=[str(named)])
    with pytest.raises(RecipeError, match=r"ensemble: .*trained with other diagnoses"):
        made(drawn_root, tmp_path / "out", ensemble=[str(members[0].path)], diagnoses_weight=0.5)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="ensemble belong"):
        recipe_of("segmentation", ensemble=["mobilenetv2"])


def test_models_of_other_shapes_are_not_joined(members: list[Bundle]) -> None:
    one = onnx.load(members[0].model_path)
    other = onnx.load(members[1].model_path)
    heat = next(out for out in other.graph.output if out.name == "heat")
    heat.type.tensor_type.shape.dim[1].dim_value += 1
    with pytest.raises(BundleError, match="differ in the shape of heat"):
        together([one, other])
