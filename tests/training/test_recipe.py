from pathlib import Path

import pytest
import yaml

from lentigo.errors import RecipeError
from lentigo.training.recipe import read_recipe
from lentigo.training.run import check_names

RECIPES = sorted(
    path
    for path in Path(__file__).parents[2].glob("recipes/**/*.yaml")
    if path.name != "study.yaml"  # a study's table of its recipes
)
PLAIN = {
    "task": "segmentation",
    "data": {
        "source": "isic2018-task1",
        "split": {"train": 0.7, "validation": 0.3},
        "size": 64,
    },
    "net": {"name": "vgg-segnet", "skips": []},
    "phases": [{"name": "all", "epochs": 2, "learning_rate": 1e-3, "loss": "bce"}],
}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.yaml"
    path.write_text(yaml.safe_dump(PLAIN))
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_here_is_valid_and_names_what_exists(path: Path) -> None:
    check_names(read_recipe(path))


def test_a_recipe_reads_back_as_it_was_written(plain: Path, tmp_path: Path) -> None:
    recipe = read_recipe(plain)
    (tmp_path / "again.yaml").write_text(recipe.to_yaml())
    assert read_recipe(tmp_path / "again.yaml") == recipe


def test_set_changes_one_field(plain: Path) -> None:
    recipe = read_recipe(plain, ("phases.0.epochs=9", "net.skips=[b4, b3]", "batch_size=4"))
    assert recipe.phases[0].epochs == 9
    assert recipe.net.options == {"skips": ["b4", "b3"]}
    assert recipe.batch_size == 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("phases.0.epochs=0", "phases.0.epochs"),
        ("phases.0.loss_name=bce", "phases.0.loss_name"),
        ("data.split.train=0.9", "sum to 1.2"),
        ("task=detection", "task"),
        ("class_weights=balanced", "class_weights belong to classification"),
        ("sampling=balanced", "sampling belong"),
        ("mixup=0.2", "mixup belong"),
        ("label_smoothing=0.1", "label_smoothing belong"),
        ("mixup=-1", "mixup"),
        ("phases.0.loss={name: focal, gamma: -1}", r"phases.0.loss.gamma: .*greater"),
        ("phases.0.loss={name: focal, gamma: much}", r"phases.0.loss.gamma"),
        ("phases.4.epochs=1", "phases.4.epochs"),
        ("epochs", "key=value"),
    ],
)
def test_a_wrong_field_is_named(plain: Path, change: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        read_recipe(plain, (change,))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("net.name=vgg-segnett", "Did you mean 'vgg-segnet'"),
        ("net.skip=[b4]", "skips"),
        ("phases.0.loss=bce+dices", "bce.dice"),
        ("phases.0.loss={name: focal, beta: 1}", "no option"),
        ("phases.0.loss={name: focal, alpha: 2}", "alpha is 2; expected 0 to 1"),
        ("phases.0.loss=ldam", "belongs to classification"),
        ("phases.0.unfreeze=[block6]", "block6"),
        ("data.source=isic2019", "isic2018-task1"),
        ("data.size=100", "multiple of 32"),
        ("net={name: mobilenetv2}", "classification"),
    ],
)
def test_a_name_that_does_not_exist_is_told_before_any_work(
    plain: Path, change: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        check_names(read_recipe(plain, (change,)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("phases.0.epoch=9", "phases.0.epoch: unknown key; did you mean 'epochs'?"),
        ("augmentation={flip: true}", "augmentation.flip: unknown key; did you mean 'flips'?"),
        (
            "data.region={kind: crop, contxt: 1}",
            "data.region.contxt: unknown key; did you mean 'con",
        ),
        ("data.split.xyz=1", "data.split.xyz: unknown key; there are: train, validation, test, "),
        ("colour=red", "colour: unknown key; there are: task, data, net, "),
        ("phases.0={name: head}", "phases.0.epochs: missing; "),
        ("batch_size=many", "batch_size: should be a valid integer; got 'many'"),
        ("batch_size=0", "batch_size: should be greater than or equal to 1; got 0"),
        ("data.size=[64, tall]", "data.size.1: should be a valid integer; got 'tall'"),
        ("task=detection", "task: should be 'segmentation' or 'classification'; got 'detection'"),
        ("data.split.train=0.9", "data.split: train, validation and test sum to 1.2; expected 1"),
        ("phases.0.loss={name: focal, gamma: much}", "phases.0.loss.gamma: should be a valid num"),
        ("phases=[]", "phases: should have at least 1 item; got []"),
        ("batch_size=1.5", "batch_size: should be a valid integer; got 1.5"),
        ("data=here", "data: should be a mapping with source, split, size; got 'here'"),
    ],
)
def test_a_mistake_is_told_as_a_person_would(plain: Path, change: str, told: str) -> None:
    with pytest.raises(RecipeError) as fault:
        read_recipe(plain, (change,))
    assert f"plain.yaml: {told}" in str(fault.value) or f"; {told}" in str(fault.value)
    for jargon in ("Input", "Value error", "constrained", "Extra inputs", "Field required"):
        assert jargon not in str(fault.value)


@pytest.mark.parametrize("text", ["a: [", "just words", "", "\x00"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"bad\.yaml"):
        read_recipe(path)


def test_a_missing_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.yaml: .*recipe \(No such file"):
        read_recipe(tmp_path / "none.yaml")


def test_a_loss_is_written_as_it_was_given(plain: Path) -> None:
    options = {"name": "focal", "gamma": 1.5, "alpha": 0.4}
    recipe = read_recipe(plain, (f"phases.0.loss={options}",))
    assert recipe.phases[0].loss.options == {"gamma": 1.5, "alpha": 0.4}
    assert recipe.model_dump(mode="json")["phases"][0]["loss"] == options
    assert read_recipe(plain).model_dump(mode="json")["phases"][0]["loss"] == "bce"


def test_classes_are_balanced_once(plain: Path) -> None:
    with pytest.raises(RecipeError, match="leave one of them out"):
        read_recipe(plain, ("task=classification", "class_weights=balanced", "sampling=balanced"))
