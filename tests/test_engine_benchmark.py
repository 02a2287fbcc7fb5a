"""The benchmark of engines: each in a process of its own, and what the tables make of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lentigo.bundle import Bundle
from lentigo.runtime.engines import ENGINES

Told = dict[str, Any]


class Steady:
    """An engine that takes the same seconds each time, or one that is not there."""

    def __init__(
        self, seconds: float, precision: str, answer: float = 0.5, missing: str = ""
    ) -> None:
        self.seconds, self.precision, self.answer = seconds, precision, answer
        self.missing = missing

    def ask(self, request: Told) -> Told:
        if "turn" in request:
            return {"seconds": self.seconds}
        if self.missing:
            return {"missing": self.missing}
        np.save(request["answers"], np.full((2, 3), self.answer))
        return {"precision": self.precision}


def engines_here(auto_s: float = 0.002) -> dict[str, Steady]:
    return {
        "onnxruntime": Steady(0.004, "float32"),
        "openvino-float32": Steady(auto_s, "float32"),
        "openvino-int8": Steady(0.001, "int8", 0.75),
        "torch.compile": Steady(0.003, "bfloat16", missing="No C++ compiler"),
    }


@pytest.fixture
def bundles(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> dict[str, Bundle]:
    return {"vgg-segnet": segmenter_bundle, "classifier": classifier_bundle}


@pytest.fixture
def always_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO is there, has float32 alone, and is what ``auto`` takes, whatever is here."""

    class Taken:
        name, precision = "openvino", "float32"

    for name in ("auto", "openvino"):
        monkeypatch.setitem(ENGINES._entries, name, lambda path, threads=None, exact=False: Taken())


@pytest.mark.usefixtures("always_openvino")
def test_the_table_tells_what_is_taken_what_is_faster_and_what_is_not_there(
    module: Any, bundles: dict[str, Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark, tables = module("engines"), module("engine_tables")
    monkeypatch.setattr(module("running_tables"), "RESULTS", tmp_path)
    assert "Not measured yet" in tables.engines()

    def table(**changed: float) -> str:
        measured = benchmark.measure(engines_here(**changed), bundles, 2, tmp_path)
        machine = {"machine": {"processor": "A processor", "cores": 2}}
        (tmp_path / "engines.json").write_text(json.dumps(machine | measured))
        return str(tables.engines())

    usual = table()
    for row in (
        "| `classifier` | onnxruntime, float32 | yes | 4.0 | 1.0 (1.0 to 1.0) | 0.0000 |",
        "| `classifier` | openvino, float32 | `auto` | 2.0 | 2.0 (2.0 to 2.0) | 0.0000 |",
        "| `vgg-segnet` | openvino, int8 | no | 1.0 | 4.0 (4.0 to 4.0) | 0.2500 |",
    ):
        assert row in usual
    assert "`auto` is the fastest that Lentigo can take for every bundle." in usual
    assert "Left out for `vgg-segnet`, `classifier`: torch.compile (`No C++ compiler`)." in usual
    assert "| torch.compile" not in usual
    slower = table(auto_s=0.005)
    assert "not the fastest that Lentigo can take for `vgg-segnet` (onnxruntime, float" in slower


@pytest.mark.parametrize(("lost", "said"), [(0.1, "little enough"), (0.4, "too much")])
def test_the_table_tells_what_int8_loses(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: float, said: str
) -> None:
    tables = module("engine_tables")
    monkeypatch.setattr(module("running_tables"), "RESULTS", tmp_path)
    machine = {"processor": "A processor", "cores": 2}
    (tmp_path / "engines.json").write_text(json.dumps({"machine": machine}))
    assert "is not measured yet" in tables.engines()
    found = {"score": "dice per_image", "lost_points": lost, "most_lost_points": 0.3}
    whole = {"machine": machine, "vgg-segnet": found | {"good_enough": lost < 0.3}}
    (tmp_path / "int8.json").write_text(json.dumps(whole))
    assert f"loses {lost:.2f} points of Dice on `vgg-segnet` ({said})" in tables.engines()


def test_without_what_all_is_compared_with_there_is_no_benchmark(
    module: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    engines = {"onnxruntime": Steady(0.004, "float32", missing="no such module")}
    with pytest.raises(SystemExit, match=r"compared with onnxruntime.*no such module"):
        module("engines").measure(engines, bundles, 1, tmp_path)


def test_what_lentigo_takes_hangs_on_the_task(module: Any, bundles: dict[str, Bundle]) -> None:
    pytest.importorskip("openvino")
    standing = module("engines").standing
    usual = ENGINES["openvino"](bundles["vgg-segnet"].model_path).precision
    assert standing("openvino-bfloat16", "bfloat16", bundles["classifier"]) == "no"
    assert standing("openvino-float32", "float32", bundles["classifier"]) != "no"
    assert standing(f"openvino-{usual}", usual, bundles["vgg-segnet"]) != "no"
    assert standing("openvino-int8", "int8", bundles["vgg-segnet"]) == "no"
    taken = ENGINES["auto"](bundles["classifier"].model_path, exact=True)
    assert standing(taken.name, taken.precision, bundles["classifier"]) == "auto"


def test_an_engine_that_is_not_there_says_why(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(bundle: Bundle) -> None:
        raise ModuleNotFoundError("No module named 'nncf'\nmore of it")

    one_engine = module("one_engine")
    monkeypatch.setitem(one_engine.LOADERS, "openvino-int8", load)
    told = one_engine.OneEngine("openvino-int8").load("lite-unet", tmp_path / "answers.npy")
    assert told == {"missing": "No module named 'nncf'"}


def test_an_engine_works_in_a_process_of_its_own(module: Any, tmp_path: Path) -> None:
    answers = tmp_path / "answers.npy"
    settings = {"engine": "onnxruntime", "threads": 1}
    with module("taking_turns").started({"one": ("one_engine", settings)}) as ways:
        told = ways["one"].ask({"load": "lite-unet", "answers": str(answers)})
        assert told == {"precision": "float32"}
        assert ways["one"].ask({"turn": "lite-unet"})["seconds"] > 0
    assert np.load(answers).ndim > 1


def test_a_model_of_several_nets_is_left_out_of_what_builds_one(
    module: Any, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    answers = tmp_path / "answers.npy"
    told = module("one_engine").OneEngine("torch.compile").load("efficientnet-mobilenet", answers)
    assert told["missing"].startswith("several nets in one model")
