"""How settings change recipes, and that a study does not mix them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_study import tiny_recipe

from lentigo.files import write_json
from lentigo.study.schema import StudyError
from lentigo.study.settings import (
    Settings,
    check_begun,
    leaders,
    scaled,
    settings_of,
    with_settings,
)

COUNTS = st.integers(1, 500)
FACTORS = st.floats(1e-4, 10)


@given(COUNTS, FACTORS)
def test_scaled_epochs_are_the_nearest_whole_number_from_1_on(count: int, factor: float) -> None:
    got = scaled(count, factor)
    assert got >= 1
    assert got == 1 or abs(got - count * factor) <= 0.5


@given(COUNTS)
def test_a_factor_of_1_keeps_the_epochs(count: int) -> None:
    assert scaled(count, 1.0) == count


@given(COUNTS, FACTORS, FACTORS)
def test_a_larger_factor_never_gives_fewer_epochs(count: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert scaled(count, low) <= scaled(count, high)


def test_halves_are_rounded_up() -> None:
    assert [scaled(n, 0.1) for n in (1, 4, 5, 14, 15, 25)] == [1, 1, 1, 1, 2, 3]


def test_settings_scale_patience_with_the_epochs_and_set_the_size() -> None:
    phase = {
        "name": "p",
        "epochs": 50,
        "learning_rate": 0.1,
        "loss": "bce",
        "early_stopping": 20,
        "plateau": {"factor": 0.3, "patience": 4},
    }
    recipe = tiny_recipe(phases=[phase])
    changed = with_settings(recipe, Settings(study="s", epochs_factor=0.2, size_px=64))
    (got,) = changed.phases
    assert (got.epochs, got.early_stopping) == (10, 4)
    assert got.plateau is not None
    assert (got.plateau.factor, got.plateau.patience) == (0.3, 1)
    assert changed.data.size_px == (64, 64)
    assert with_settings(recipe, Settings(study="s")) == recipe


def test_rows_that_a_size_makes_equal_are_trained_once() -> None:
    recipes = {
        "a": tiny_recipe(size=32),
        "b": tiny_recipe(size=48),
        "c": tiny_recipe(size=32, epochs=3),
        "d": tiny_recipe(size=64, seed=7),
    }
    assert leaders(recipes) == {name: name for name in recipes}
    sized = Settings(study="s", size_px=40)
    same = {name: with_settings(recipe, sized) for name, recipe in recipes.items()}
    assert leaders(same) == {"a": "a", "b": "a", "c": "c", "d": "a"}


def test_phases_names_make_no_other_experiment() -> None:
    phases = [{"name": n, "epochs": 1, "learning_rate": 0.1, "loss": "bce"} for n in ("p", "q")]
    recipes = {name: tiny_recipe(phases=[phases[i]]) for i, name in enumerate("ab")}
    assert leaders(recipes) == {"a": "a", "b": "a"}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"epochs_factor": 1.0}, "--epochs-factor 0.5, not 1"),
        ({"size_px": None}, "--size 64, not the recipes' own size"),
        ({"seeds": (1, 2)}, "--seeds 0,1, not 1,2"),
        ({"study": "other"}, "the study 'mine', not 'other'"),
    ],
)
def test_a_study_does_not_go_on_with_other_settings(
    now: dict[str, object], told: str, tmp_path: Path
) -> None:
    begun = Settings(study="mine", epochs_factor=0.5, size_px=64, seeds=(0, 1))
    check_begun(tmp_path / "settings.json", begun)
    write_json(tmp_path / "settings.json", begun.model_dump(mode="json"))
    check_begun(tmp_path / "settings.json", begun.model_copy(update={"seeds": (0, 1, 2)}))
    with pytest.raises(StudyError, match=f"was begun with .*{told}.*another --out"):
        check_begun(tmp_path / "settings.json", begun.model_copy(update=now))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((0.0, None, (0,)), "--epochs-factor 0.0"),
        ((1.0, 0, (0,)), "--size 0"),
        ((1.0, None, (1, 1)), "--seeds"),
        ((1.0, None, (-1,)), "--seeds"),
    ],
)
def test_a_setting_out_of_range_is_told(
    values: tuple[float, int | None, tuple[int, ...]], told: str
) -> None:
    with pytest.raises(StudyError, match=told):
        settings_of("s", *values)
