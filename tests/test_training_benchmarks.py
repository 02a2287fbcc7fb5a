"""The benchmarks of training: processes that take turns, and what is made of their seconds."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lentigo.training.recipe import read_recipe

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SETTINGS = {"threads": 1, "greeting": "hello"}


@pytest.fixture
def turns(module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Processes whose modules lie in a folder of the test's."""
    turns: ModuleType = module("taking_turns")
    monkeypatch.setattr(turns, "HERE", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS))
    return turns


def write_way(folder: Path, *lines: str) -> None:
    text = ["from taking_turns import Asked", "asked = Asked()", *lines]
    (folder / "way.py").write_text("\n".join(text))


def test_what_a_library_prints_does_not_stand_among_the_answers(
    turns: ModuleType, tmp_path: Path
) -> None:
    write_way(
        tmp_path,
        "def epoch():",
        "    print('Found 2 images')",
        "    return {'said': asked.settings['greeting']}",
        "asked.answer(lambda phase: print('phase', phase), epoch)",
    )
    with turns.started({"one": ("way", SETTINGS)}) as ways:
        assert ways["one"].begin(0) == {}
        assert ways["one"].epoch() == {"said": "hello"}
    assert ways["one"]._process.returncode == 0


def test_a_way_that_fails_ends_the_benchmark_and_shows_why(
    turns: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_way(tmp_path, "asked.answer(lambda phase: None, lambda: 1 / 0)")
    with (
        pytest.raises(SystemExit, match="way ended with 1 when asked"),
        turns.started({"one": ("way", SETTINGS)}) as ways,
    ):
        ways["one"].begin(0)
        ways["one"].epoch()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_phase_s_seconds_grow_with_what_each_hangs_on(module: Any) -> None:
    figures = module("training_figures")
    epoch = {"train_s": 2.0, "validation_s": 0.5, "writing_s": 1.0, "through_training_s": 7.0}
    small, large = figures.Images(32, 8), figures.Images(100, 16)
    without = figures.phase_seconds([epoch], 10, 32, small, large)
    assert without == [10 * (3 * 2.0 + 2 * 0.5 + 1.0)]
    (kept,) = figures.phase_seconds([epoch], 10, 32, small, large, views=2)
    assert kept - without[0] == pytest.approx((7.0 - 2.0) * (2 * 100 + 16) / (2 * 32 + 8))
    (made,) = figures.phase_seconds([epoch | {"front_s": 4.0}], 10, 32, small, large, views=0)
    assert made - without[0] == pytest.approx(4.0 + (7.0 - 2.0 - 4.0) * 16 / 8)


def test_what_is_kept_is_no_part_of_a_step_s_arithmetic(module: Any) -> None:
    limit = module("training_limit")
    recipe = read_recipe(module("training_step").RECIPE, ("data.size=64",))
    assert [limit.kept_parts(recipe, phase) for phase in recipe.phases] == [5, 4, 3]
    decoder, block5 = (limit.flop_of_step(recipe, phase, 1) for phase in recipe.phases[:2])
    # Block 5: three convolutions of 512 filters over 4×4 places and 512 channels, forward and, for
    # their weights, backward; backward to what two of them get, and to what the decoder gets first.
    convolution = 2 * 9 * 512 * 512 * 4 * 4
    assert block5 - decoder == (3 + 3 + 2 + 2) * convolution


class Steady:
    """A way whose epochs take the same seconds each time."""

    def __init__(self, train_s: float, **more: float) -> None:
        self.told = {"train_s": train_s, "validation_s": train_s / 10, "loss": 1.0} | more

    def begin(self, phase: int) -> dict[str, float]:
        return {"start_s": 1.0, "through_training_s": self.told["train_s"], "front_s": 0.0}

    def epoch(self) -> dict[str, float]:
        return self.told


def test_tables_tell_what_the_benchmarks_measured(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, tables = module("training_step"), module("running_tables")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    assert "Not measured yet" in tables.training_step()

    product = Steady(0.1)
    product.flop = 10**12
    images = step.Images(32, 8)
    recipe = read_recipe(step.RECIPE)
    ways = {"Keras": Steady(12.0), "lentigo": Steady(2.0)}
    measured = step.measure(ways, product, recipe, images, rounds=2)
    about = step.about(recipe, images, rounds=2, threads=2, side=4096)
    machine = {"processor": "A processor", "cores": 2}
    (tmp_path / "training_step.json").write_text(
        json.dumps({"machine": machine} | about | measured)
    )
    table = tables.training_step()
    assert "| `decoder`, 15 epochs | blocks 1 to 5 | Keras | 6.0 (6.0 to 6.0) | 6.0" in table
    assert "| all, 50 epochs | – | Keras | – | 6.0 (6.0 to 6.0) | – | – |" in table
    assert "10.00 to 10.00 TFLOP/s" in table
