"""A classifier that is shown a region: from the recipe to the bundle."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_training import Silent, recipe_of

from lentigo.bundle import Bundle, load_bundle
from lentigo.data.sources import SOURCES
from lentigo.data.views import TrueMasks, prepare_view
from lentigo.errors import RecipeError, TrainingError
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.evaluate import evaluate_bundle
from lentigo.imaging.region import Region
from lentigo.runtime.classifier import Classifier
from lentigo.training.export import export
from lentigo.training.folder import RunFolder
from lentigo.training.recipe import Recipe
from lentigo.training.run import check_names, train

REGION = {"kind": "crop+mask", "context": 0.3}


def shown(**data: object) -> Recipe:
    plain = recipe_of("classification")
    seen = {"region": REGION, "preprocessing": ["shades-of-gray"], **data}
    return recipe_of("classification", data=plain.data.model_dump(mode="json") | seen)


def run(recipe: Recipe, root: Path, out: Path, **how: bool) -> list[str]:
    told: list[str] = []
    train(recipe, {"csv": root}, out, Silent(), tell=told.append, **how)
    return told


@pytest.fixture(scope="module")
def ended(drawn_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "ended"
    run(shown(), drawn_root, out)
    return out


def test_the_bundle_is_shown_what_the_recipe_says(ended: Path, tmp_path: Path) -> None:
    bundle = export(ended, tmp_path / "mine")
    assert bundle.spec.input.region == Region.model_validate(REGION)
    assert bundle.spec.input.preprocessing == ("shades-of-gray",)
    assert load_bundle(bundle.path).spec.input.view == shown().data.view
    assert any("the source's own outlines; 0 of 20 images" in note for note in bundle.spec.notes)
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert "with 30% of skin on each side, and the lesion's mask" in card
    assert "shades-of-gray" in card


def test_an_evaluation_finds_what_tuning_found(
    ended: Path, drawn_root: Path, tmp_path: Path
) -> None:
    """The same pixels through either half: the calibrated probabilities of validation agree."""
    recipe, bundle = shown(), export(ended, tmp_path / "mine")
    rows = SOURCES["csv"].read(drawn_root).sort("image_id")
    classifier = Classifier(bundle, "onnxruntime")
    prepared = prepare_view(rows, recipe.data.view, TrueMasks(), tmp_path)
    result = evaluate_bundle(
        bundle, rows, engine="onnxruntime", outlines="true", bootstrap=Bootstrap(draws=20)
    )
    np.testing.assert_allclose(result.table["probability"], classifier.scores(prepared.images))
    assert result.metrics["outlines"] == {"by": "true", "identity": "true", "n_shown_whole": 0}


def test_a_segmenters_outlines_are_its_own(
    drawn_root: Path, segmenter_bundle: Bundle, tmp_path: Path
) -> None:
    recipe = shown(outlines=str(segmenter_bundle.path))
    (told,) = run(recipe, drawn_root, tmp_path / "run")
    assert "the outlines of 'dark-is-lesion'" in told
    kept = json.loads(RunFolder(tmp_path / "run").shown.read_text())
    assert segmenter_bundle.sha256 in kept["identity"]
    assert kept["images"] == 20


def test_a_run_does_not_go_on_with_other_outlines(
    ended: Path, drawn_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrueMasks, "identity", "true, of another version")
    with pytest.raises(TrainingError, match="began with true, and would go on with true, of"):
        run(shown(), drawn_root, ended, resume=True)


def test_a_source_without_masks_shows_no_region(drawn_root: Path, tmp_path: Path) -> None:
    table = drawn_root.parent / "maskless.csv"
    table.write_text(drawn_root.read_text().replace("path,mask,", "path,ignored,"))
    with pytest.raises(TrainingError, match="none of the 20 images has a lesion in the source's"):
        run(shown(), table, tmp_path / "run")


def test_a_mask_that_nothing_can_learn_is_told_before_any_work() -> None:
    recipe = shown()
    head = recipe.model_copy(update={"phases": recipe.phases[:1]})
    with pytest.raises(RecipeError, match="first convolution has to learn"):
        check_names(head)
    check_names(recipe)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"region": None, "outlines": "lite-unet"}, "outlines say whose"),
        ({"region": {"kind": "masked", "context": 0.1}}, "context belongs to a crop"),
        ({"region": {"kind": "circle"}}, "masked"),
    ],
)
def test_a_region_that_makes_no_sense_is_refused(data: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        shown(**data)


def test_names_of_a_region_are_looked_up_before_any_work(classifier_bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="unknown preprocessing step 'sharpen'"):
        check_names(shown(preprocessing=["sharpen"]))
    with pytest.raises(ValueError, match="classification"):
        check_names(shown(outlines=str(classifier_bundle.path)))


def test_outlines_true_is_read_from_yaml_as_it_stands() -> None:
    assert shown(outlines=True) == shown(outlines="true") == shown()


def test_a_segmenter_is_shown_the_frame() -> None:
    data = recipe_of("segmentation").data.model_dump(mode="json")
    for seen in ({"region": REGION}, {"preprocessing": ["clahe"]}):
        with pytest.raises(ValueError, match="belong to classification"):
            recipe_of("segmentation", data=data | seen)
