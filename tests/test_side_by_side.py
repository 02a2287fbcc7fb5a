"""How speed is compared: in turns, and by ratios of neighbours in time."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parents[1] / "benchmarks" / "side_by_side.py"


@pytest.fixture(scope="module")
def side_by_side() -> ModuleType:
    spec = importlib.util.spec_from_file_location("side_by_side_under_test", HERE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ways_take_turns_and_warm_ups_do_not_count(side_by_side: ModuleType) -> None:
    calls: list[str] = []

    def way(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    seconds = side_by_side.alternate(
        {"a": lambda: way("a"), "b": lambda: way("b")}, rounds=2, warm_ups=1
    )
    assert "".join(calls) == "ababab"
    assert seconds == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_a_machine_that_slows_down_changes_no_ratio(side_by_side: ModuleType) -> None:
    own = [1.0, 2.0, 4.0, 8.0]
    told = side_by_side.ratio([3 * seconds for seconds in own], own)
    assert told == {"median": 3.0, "low_quartile": 3.0, "high_quartile": 3.0}


def test_a_command_s_peak_is_not_its_parent_s(side_by_side: ModuleType) -> None:
    ballast = bytearray(400_000_000)
    used = side_by_side.run_alone([sys.executable, "-c", "print('hello')"])
    del ballast
    assert used.peak_memory_mb < 100
    assert used.busy_s > 0
