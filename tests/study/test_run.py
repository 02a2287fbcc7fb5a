"""Whole studies of tiny nets: killed, resumed, refused."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_study import Watcher, draw_table, tiny_recipe, tiny_study

from lentigo.data.splits import read_split
from lentigo.errors import RecipeError, UnknownNameError, WeightsError
from lentigo.study.document import StudyResult
from lentigo.study.plan import MISSING, SCRATCH, plan
from lentigo.study.run import run_study
from lentigo.study.schema import StudyError
from lentigo.study.settings import Settings
from lentigo.training.recipe import Recipe

NAMES = ["first", "second", "third", "too-large"]
SETTINGS = Settings(study="Tiny nets", size_px=32)
STUDY = tiny_study(NAMES, [("first", "second")])


def recipes() -> dict[str, Recipe]:
    subset = {"file": "half.txt", "column": "half", "values": ["first"]}
    return {
        "first": tiny_recipe(),
        "second": tiny_recipe(
            data={"subset": subset, "split": {"train": 0.5, "validation": 0.5, "seed": 1}}
        ),
        "third": tiny_recipe(size=48),
        "too-large": tiny_recipe(batch_size=64),
    }


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_table(tmp_path_factory.mktemp("data") / "drawn")


def go(table: Path, out: Path, watch: Watcher | None = None, **how: Any) -> StudyResult:
    settings = how.pop("settings", SETTINGS)
    chosen = how.pop("recipes", None) or recipes()
    return run_study(STUDY, chosen, settings, {"csv": table}, out, watch or Watcher(), **how)


@dataclass
class Done:
    """A study that was killed in its second row, and what it was like then."""

    out: Path
    killed: dict[str, Any]
    resumed: Watcher
    result: StudyResult


@pytest.fixture(scope="module")
def done(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    out = tmp_path_factory.mktemp("study") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENTIGO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        patch.setattr("lentigo.training.history.draw_curves", lambda *_: None)  # slow
        with pytest.raises(KeyboardInterrupt):  # 5 steps an epoch, then 3: in the second epoch
            go(table, out, Watcher(stop_at=2 * 5 + 3 + 2))
        killed = json.loads((out / "study.json").read_text())
        resumed = Watcher()
        result = go(table, out, resumed)
    return Done(out, killed, resumed, result)


def test_a_killed_study_leaves_what_it_has(done: Done) -> None:
    measured = [row["row"] for row in done.killed["rows"] if "test" in row]
    assert measured == ["first", "third"]  # at --size 32 the third is the first
    assert done.killed["claims"][0]["verdict"] == "not run"


def test_a_killed_study_goes_on_where_it_stood(done: Done) -> None:
    assert done.resumed.runs == [("second", 0), ("too-large", 0)]
    assert [record.epoch for record in done.resumed.records] == [2]
    assert done.result.claims[0].difference is not None


def test_a_row_that_fails_is_told_and_keeps_no_other_from_running(done: Done) -> None:
    failed = done.result.rows[3]
    assert failed.measured is None
    assert "do not fill one batch of 64" in (failed.fault or "")
    assert "do not fill one batch of 64" in (done.out / "study.html").read_text()


def test_rows_that_are_done_are_not_trained_again(done: Done, table: Path) -> None:
    before = json.loads((done.out / "study.json").read_text())
    watch = Watcher()
    go(table, done.out, watch, only=["third", "second"])
    assert watch.runs == []
    assert watch.steps == 0
    after = json.loads((done.out / "study.json").read_text())
    after["rows"][3]["fault"] = before["rows"][3]["fault"]  # not tried this time
    assert after == before


def test_all_rows_keep_one_test_part_aside(done: Done) -> None:
    splits = [read_split(done.out / "runs" / f"{name}-seed0/split.csv") for name in NAMES[:2]]
    parts = [
        {part: set(split.filter(part=part)["image_id"]) for part in ("train", "validation", "test")}
        for split in splits
    ]
    assert parts[0]["test"] == parts[1]["test"]
    assert parts[0]["train"] != parts[1]["train"]
    for one in parts:
        assert one["test"]
        assert not one["test"] & (one["train"] | one["validation"])
    measured = done.result.rows[0].measured
    assert measured is not None
    assert measured.test.n == len(parts[0]["test"])
    assert measured.n_train == len(parts[0]["train"])
    assert measured.validation.n == len(parts[0]["validation"]) == measured.n_validation


def test_the_page_shows_the_same_images_for_each_row(done: Done) -> None:
    page = (done.out / "study.html").read_text()
    measured = done.result.rows[0].measured
    assert measured is not None
    assert page.count("data:image/jpeg;base64,") == measured.test.n  # fewer than twelve
    assert page.count('class="found"') == 2 * measured.test.n
    assert "http" not in page.replace("http-equiv", "")


def test_other_settings_are_refused_and_nothing_is_lost(done: Done, table: Path) -> None:
    before = (done.out / "study.json").read_bytes()
    for settings in (
        Settings(study="Tiny nets"),
        Settings(study="Tiny nets", size_px=32, epochs_factor=2),
        Settings(study="Tiny nets", size_px=32, seeds=(1,)),
    ):
        with pytest.raises(StudyError, match="was begun with"):
            go(table, done.out, settings=settings)
    changed = recipes() | {"second": tiny_recipe(epochs=1)}
    with pytest.raises(StudyError, match="not the recipe that row second has now"):
        go(table, done.out, recipes=changed)
    with pytest.raises(StudyError, match="not the recipe that row second has now"):
        go(table, done.out, recipes=changed, only=["first"])
    assert (done.out / "study.json").read_bytes() == before


def test_all_is_checked_before_anything_is_trained(table: Path, tmp_path: Path) -> None:
    wrong = recipes() | {"too-large": tiny_recipe(net={"name": "tiny", "pretrained": None})}
    watch = Watcher()
    with pytest.raises(UnknownNameError, match=r"row too-large: unknown net 'tiny'"):
        go(table, tmp_path / "out", watch, recipes=wrong)
    with pytest.raises(UnknownNameError, match="--only: no row 'fourth'; there are: first, second"):
        go(table, tmp_path / "out", watch, only=["fourth"])
    with pytest.raises(StudyError, match="--root csv=DIR"):
        run_study(STUDY, recipes(), SETTINGS, {}, tmp_path / "out", watch)
    frozen = [{"name": "p", "unfreeze": ["b"], "epochs": 1, "learning_rate": 1, "loss": "bce"}]
    with pytest.raises(RecipeError, match=r"row second: cannot unfreeze \['b'\]"):
        go(table, tmp_path / "out", recipes=recipes() | {"second": tiny_recipe(phases=frozen)})
    assert watch.runs == []
    assert not (tmp_path / "out").exists()


def test_missing_weights_stop_the_study_or_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("LENTIGO_WEIGHTS", raising=False)
    phases = [{"name": "p", "epochs": 1, "learning_rate": 1, "loss": "bce"}]
    pretrained = tiny_recipe(net={"name": "vgg-segnet"}, phases=phases)
    rows = {"own": tiny_recipe(), "vgg": pretrained}
    with pytest.raises(WeightsError, match=r"row vgg: no ImageNet.*--scratch-if-missing"):
        plan(rows, (), weights_dir=None, scratch_if_missing=False)
    own, vgg = plan(rows, (), weights_dir=None, scratch_if_missing=True)
    assert (own.weights, vgg.weights) == (SCRATCH, MISSING)
    assert vgg.recipe.net.pretrained is None
    assert vgg.recipe.net.name == "vgg-segnet"
    (alone,) = plan(rows, ["own"], weights_dir=None, scratch_if_missing=False)
    assert alone == own
