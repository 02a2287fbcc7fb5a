"""What a study may be, and that the one that comes with the repository is whole."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tiny_study import tiny_recipe, tiny_study, write_study
from tiny_training import recipe_of

from lentigo.errors import RecipeError
from lentigo.nets import build_net
from lentigo.study.schema import StudyError, read_recipes, read_study
from lentigo.training.phases import idle, parts_from_layer
from lentigo.training.run import check_names

SEGMENTATION = Path(__file__).parents[2] / "recipes" / "segmentation-study"
CLASSIFICATION = SEGMENTATION.with_name("classification-study")
ROWS = sorted(path.stem for path in SEGMENTATION.glob("[0-9]*.yaml"))


@pytest.mark.parametrize("name", ROWS)
def test_each_row_of_the_segmentation_study_can_be_trained(name: str) -> None:
    study = read_study(SEGMENTATION)
    check_names(read_recipes(study, SEGMENTATION)[name])


def test_the_segmentation_study_has_a_row_for_each_recipe_in_order() -> None:
    study = read_study(SEGMENTATION)
    assert list(study.names) == ROWS
    assert [study.number(name) for name in study.names] == [int(name[:2]) for name in ROWS]
    reported = [row.recipe for row in study.rows if row.reported]
    assert reported == ROWS[:10]
    assert all(row.note for row in study.rows if not row.reported)


def test_the_segmentation_studys_rows_are_as_its_table_says() -> None:
    recipes = read_recipes(read_study(SEGMENTATION), SEGMENTATION)
    for recipe in recipes.values():
        assert recipe.batch_size == 32
        assert recipe.augmentation == type(recipe.augmentation)()
    table = {
        name[:2]: (
            sum(phase.epochs for phase in recipe.phases),
            recipe.data.size,
            len(recipe.phases),
            recipe.data.split.train,
            recipe.data.subset is not None,
            recipe.net.options.get("skips"),
        )
        for name, recipe in recipes.items()
    }
    two, three = ["b4", "b3"], ["b4", "b3", "b2"]
    assert table["01"] == (50, 256, 3, 0.7, True, three)
    assert table["02"] == (50, 256, 3, 0.7, True, two)
    assert table["03"] == (100, 256, 1, 0.7, True, two)
    assert table["04"] == (100, 256, 3, 0.7, True, two)
    assert table["05"] == (50, 256, 3, 0.5, True, three)
    assert table["06"] == (50, 256, 1, 0.7, False, two)
    assert table["07"] == (100, 160, 1, 0.5, False, [])
    assert table["08"] == (50, 128, 1, 0.7, True, None)
    assert table["09"] == (100, 256, 1, 0.5, False, [])
    assert table["10"] == (100, 160, 1, 0.7, False, [])
    assert table["11"] == (50, 256, 1, 0.7, True, three)
    assert all(table[f"{i}"][:5] == (50, 256, 1, 0.7, True) for i in range(12, 21))


@pytest.mark.parametrize("name", [path.stem for path in CLASSIFICATION.glob("[!s]*.yaml")])
def test_each_row_of_the_classification_study_can_be_trained(name: str) -> None:
    study = read_study(CLASSIFICATION)
    recipe = read_recipes(study, CLASSIFICATION)[name]
    check_names(recipe)
    assert (recipe.batch_size, recipe.data.size, recipe.class_weights) == (32, 224, "balanced")
    assert recipe.net.options["dropout"] == 0.3
    assert sum(phase.epochs for phase in recipe.phases) == 30
    assert {phase.early_stopping for phase in recipe.phases} == {6}
    assert recipe.data.hold_out is not None
    test, split = recipe.data.hold_out.share, recipe.data.split
    shares = [(1 - test) * split.train, (1 - test) * split.validation, test]
    assert shares == pytest.approx([0.70, 0.15, 0.15], abs=1e-4)


def test_the_studys_second_stage_unfreezes_nothing_and_the_mended_one_does() -> None:
    recipes = read_recipes(read_study(CLASSIFICATION), CLASSIFICATION)
    told = {}
    for name in ("literal", "mended"):
        with torch.device("meta"):
            net = build_net("mobilenetv2")
        told[name] = idle(net, recipes[name].phases, 1)
    assert "from layer 160, since Keras counts 154 layers" in str(told["literal"])
    assert told["mended"] is None


def test_the_mended_stage_begins_where_the_size_halves_last() -> None:
    *_, stage = read_recipes(read_study(CLASSIFICATION), CLASSIFICATION)["mended"].phases
    net, features = build_net("mobilenetv2").eval(), torch.zeros(1, 3, 64, 64)
    sides = {}
    with torch.no_grad():
        for name, block in net.encoder_parts().items():
            features = block(features)
            sides[name] = features.shape[-1]
    assert stage.unfreeze == tuple(name for name, side in sides.items() if side == 64 // 32)
    assert stage.unfreeze == parts_from_layer(net, 116)  # as the recipe says in Keras's terms


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reference": "c"}, r"reference: 'c' is not a row.*\['a', 'b'\]"),
        ({"claims": [{"text": "t", "better": "a", "than": "c"}]}, r"claims\.0\.than: 'c'"),
        ({"claims": [{"text": "t", "better": "a", "than": "a"}]}, r"claims\.0: .*both 'a'"),
        (
            {"claims": [{"text": "t", "better": "a", "than": "b", "metric": "auc"}]},
            r"claims\.0\.metric: .*jaccard_per_image",
        ),
        ({"rows": []}, r"rows: "),
        ({"rows": [{"recipe": "a", "label": "A"}] * 2}, r"\['a'\] stand twice"),
        (
            {"rows": [{"recipe": "a", "label": "A", "reported": {"dice": 90, "jaccard": 0.8}}]},
            r"rows\.0\.reported\.dice: .*less than or equal to 1",
        ),
        ({"rows": [{"recipe": "../a", "label": "A"}]}, r"rows\.0\.recipe"),
        ({"authors": "us"}, r"authors: unknown key"),
        ({"task": "classification"}, r"rows\.0\.reported: \['dice', 'jaccard'\]; .*'accuracy'"),
        ({"task": "both"}, r"task: .*'segmentation' or 'classification'"),
        ({"controls": {"coin": {}}}, r"controls\.coin.*'always-benign'"),
    ],
)
def test_a_wrong_study_is_told_by_field(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    tree = tiny_study(["a", "b"]).model_dump(mode="json") | changes
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(StudyError, match=told):
        read_study(tmp_path)


def test_a_folder_without_a_study_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"study\.yaml: cannot be read"):
        read_study(tmp_path)
    (tmp_path / "study.yaml").write_text("title: [")
    with pytest.raises(StudyError, match="not valid YAML"):
        read_study(tmp_path)


def test_rows_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    study = tiny_study(["a", "b"])
    write_study(tmp_path, study, {"a": tiny_recipe()})
    with pytest.raises(RecipeError, match=r"b\.yaml"):
        read_recipes(study, tmp_path)
    others = {
        r"b\.yaml: task: classification": recipe_of("classification"),
        r"b\.yaml: data\.hold_out: missing": tiny_recipe(data={"hold_out": None}),
        r"b\.yaml: data\.hold_out: differs": tiny_recipe(data={"hold_out": {"share": 0.3}}),
        r"b\.yaml: data\.source: differs": tiny_recipe(data={"source": "ph2"}),
    }
    for told, recipe in others.items():
        write_study(tmp_path, study, {"b": recipe})
        with pytest.raises(StudyError, match=told):
            read_recipes(study, tmp_path)
