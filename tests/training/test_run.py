"""Whole runs of a tiny net: what they leave, how they resume, how they fail."""

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from small_files import files_up_to
from tiny_training import Silent, assert_equal_runs, recipe_of

from lentigo.errors import RecipeError, TrainingError, WeightsError
from lentigo.training.folder import RunFolder
from lentigo.training.losses import LOSSES
from lentigo.training.progress import EpochRecord, Progress
from lentigo.training.recipe import Recipe
from lentigo.training.run import train

TASKS = ("segmentation", "classification")


def run(recipe: Recipe, root: Path, out: Path, listener: Silent | None = None, **how: Any) -> None:
    train(recipe, {"csv": root}, out, listener or Silent(), **how)


@pytest.mark.parametrize("task", TASKS)
def test_a_run_leaves_what_its_folder_promises(task: str, drawn_root: Path, tmp_path: Path) -> None:
    listener = Silent()
    run(recipe_of(task), drawn_root, tmp_path / "run", listener)
    folder = RunFolder(tmp_path / "run")
    for path in (folder.recipe, folder.split, folder.labels, folder.curves, folder.tensorboard):
        assert path.exists(), path
    log = list(csv.DictReader(folder.log.open()))
    assert [line["phase"] for line in log] == ["head"] * 2 + ["all"] * 3
    assert [int(line["epoch"]) for line in log] == [1, 2, 3, 4, 5]
    assert [r.score for r in listener.records] == [float(line["score"]) for line in log]
    tuned = json.loads(folder.tuned.read_text())
    assert tuned["default_operating_point"] in tuned["operating_points"]
    assert all(0 <= p["threshold"] <= 1 for p in tuned["operating_points"].values())
    assert "malignant" in folder.labels.read_text()


def test_training_learns_to_find_the_lesion(drawn_root: Path, tmp_path: Path) -> None:
    listener = Silent()
    run(recipe_of("segmentation"), drawn_root, tmp_path / "run", listener)
    first, last = listener.records[0], listener.records[-1]
    assert last.train_loss < first.train_loss
    assert last.validation_loss < first.validation_loss
    assert last.score > first.score + 0.3


@pytest.fixture(scope="module")
def whole(drawn_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run for each task, never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    for task in TASKS:
        run(recipe_of(task), drawn_root, folder / task)
    return folder


@pytest.mark.parametrize("stop_at", [1, 8, 13, 24])
@pytest.mark.parametrize("task", TASKS)
def test_a_resumed_run_equals_one_never_stopped(
    task: str, stop_at: int, whole: Path, drawn_root: Path, tmp_path: Path
) -> None:
    recipe = recipe_of(task)
    with pytest.raises(KeyboardInterrupt):
        run(recipe, drawn_root, tmp_path / "halted", Silent(stop_at))
    run(recipe, drawn_root, tmp_path / "halted", resume=True)
    assert_equal_runs(whole / task, tmp_path / "halted")
    one, other = (
        [line.rsplit(",", 1)[0] for line in (folder / "log.csv").read_text().splitlines()]
        for folder in (whole / task, tmp_path / "halted")
    )
    assert one == other  # all but the seconds


def test_a_run_killed_outright_is_resumed_to_the_same_weights(
    whole: Path, drawn_root: Path, tmp_path: Path
) -> None:
    script = (
        "import sys, pathlib, torch, yaml, tiny_training as t\n"
        "from lentigo.training.run import train\n"
        "torch.set_num_threads(1)\n"
        "train(t.recipe_of('segmentation'), {'csv': pathlib.Path(sys.argv[1])},"
        " pathlib.Path(sys.argv[2]), t.Silent())\n"
    )
    helpers = str(Path(__file__).parents[1] / "helpers")
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(drawn_root), str(tmp_path / "killed")],
        env=os.environ | {"PYTHONPATH": helpers},
    )
    checkpoint = tmp_path / "killed" / "checkpoint.pt"
    while not checkpoint.exists() and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    run(recipe_of("segmentation"), drawn_root, tmp_path / "killed", resume=True)
    assert_equal_runs(whole / "segmentation", tmp_path / "killed")


def test_a_phase_starts_from_the_same_weights_though_its_first_epoch_was_lost(
    whole: Path, drawn_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped when the first epoch's weights lie there as the best, and the checkpoint does not."""
    saved, calls = RunFolder.save_checkpoint, iter(range(9))

    def stopped(folder: RunFolder, *what: Any) -> None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        saved(folder, *what)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(RunFolder, "save_checkpoint", stopped)
        run(recipe_of("segmentation"), drawn_root, tmp_path / "run")
    run(recipe_of("segmentation"), drawn_root, tmp_path / "run", resume=True)
    assert_equal_runs(whole / "segmentation", tmp_path / "run")


def test_a_run_is_not_overwritten(drawn_root: Path, tmp_path: Path) -> None:
    run(recipe_of("segmentation"), drawn_root, tmp_path / "run")
    with pytest.raises(TrainingError, match="--resume"):
        run(recipe_of("segmentation"), drawn_root, tmp_path / "run")
    with pytest.raises(TrainingError, match="another --out"):
        run(recipe_of("segmentation", batch_size=3), drawn_root, tmp_path / "run", resume=True)


def test_a_disk_that_fills_up_loses_no_whole_epoch(
    whole: Path, drawn_root: Path, tmp_path: Path
) -> None:
    """torch hides the full disk behind an error of its own; a person has to be told of it."""

    class Filling(Silent):
        def epoch(self, record: EpochRecord) -> None:
            super().epoch(record)
            if len(self.records) == 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))

    full = (whole / "segmentation" / "checkpoint.pt").stat().st_size - 1000
    recipe, out = recipe_of("segmentation"), tmp_path / "run"
    told = r"checkpoint\.pt: cannot be written \(File too large\).*--resume"
    with files_up_to(resource.RLIM_INFINITY), pytest.raises(TrainingError, match=told):
        run(recipe, drawn_root, out, Filling())
    run(recipe, drawn_root, out, resume=True)
    assert_equal_runs(whole / "segmentation", out)


def test_runs_of_one_process_may_differ_in_precision(drawn_root: Path, tmp_path: Path) -> None:
    """As the rows of a study do, where the processor is faster in bfloat16 with some nets alone."""
    trained = []
    for number, precision in enumerate(("fp32", "bf16", "fp32")):
        out = tmp_path / str(number)
        run(recipe_of("classification", precision=precision), drawn_root, out)
        trained.append(RunFolder(out).load_best())
    first, half, again = trained
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], half[name]) for name in first)


def test_weights_that_cannot_be_had_are_told_before_any_image_is_decoded(
    drawn_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object, **__: object) -> None:
        raise WeightsError("not at hand")

    monkeypatch.setattr("lentigo.training.run._net", absent)
    prepared: list[tuple[int, int]] = []
    with pytest.raises(WeightsError):
        run(
            recipe_of("segmentation"),
            drawn_root,
            tmp_path / "run",
            on_prepare=lambda done, total: prepared.append((done, total)),
        )
    assert prepared == []
    assert not (tmp_path / "run").exists()


def test_being_told_to_end_while_a_checkpoint_is_written_is_no_error_of_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() > 1000:
                raise KeyboardInterrupt
            return super().write(data)

    opened = nullcontext(Interrupted())
    monkeypatch.setattr("lentigo.training.folder.atomic_open", lambda _: opened)
    with pytest.raises(KeyboardInterrupt):
        RunFolder(tmp_path).save_checkpoint({"weights": torch.zeros(100_000)}, Progress())


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_last_good_weights(
    drawn_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Silent()

    def spoiled(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        value = LOSSES["bce"](logits, target)
        return value * (float("nan") if broken.steps >= 7 else 1)

    monkeypatch.setitem(LOSSES._entries, "spoiled", spoiled)
    phases = [{"name": "p", "epochs": 3, "learning_rate": 0.01, "loss": "spoiled"}]
    recipe = recipe_of("segmentation", phases=phases)
    with pytest.raises(TrainingError, match=r"'p', epoch 2.*best\.safetensors"):
        run(recipe, drawn_root, tmp_path / "run", broken)
    kept = RunFolder(tmp_path / "run").load_best()
    assert all(torch.isfinite(value).all() for value in kept.values())


def test_too_few_images_for_a_batch_are_told(drawn_root: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"10 training images.*batch of 64"):
        run(recipe_of("segmentation", batch_size=64), drawn_root, tmp_path / "run")


def test_an_official_test_part_is_not_trained_on_unless_the_recipe_says_so(
    drawn_root: Path, tmp_path: Path
) -> None:
    head, *lines = drawn_root.read_text().splitlines()
    parts = ["test" if i < 6 else "train" for i in range(len(lines))]
    table = drawn_root.parent / "official.csv"
    table.write_text(
        "\n".join([f"{head},part", *(f"{ln},{p}" for ln, p in zip(lines, parts, strict=True))])
    )
    phases = [{"name": "p", "epochs": 1, "learning_rate": 0.01, "loss": "bce"}]
    recipe = recipe_of("segmentation", phases=phases)
    run(recipe, table, tmp_path / "run")
    taken = {line.split(",")[0] for line in (tmp_path / "run/split.csv").read_text().splitlines()}
    assert taken == {"image_id"} | {f"i{i:02}" for i in range(6, 20)}
    data = recipe.data.model_dump() | {"official_parts": ["validation"]}
    with pytest.raises(RecipeError, match=r"holds: test, train"):
        run(recipe_of("segmentation", data=data), table, tmp_path / "none")


def test_a_part_with_one_class_is_told_before_training(drawn_root: Path, tmp_path: Path) -> None:
    head, *lines = drawn_root.read_text().splitlines()
    table = drawn_root.parent / "benign.csv"
    table.write_text("\n".join([head, *(line.replace(",1,", ",0,") for line in lines)]))
    listener = Silent()
    with pytest.raises(TrainingError, match=r"0 malignant of .* both classes"):
        run(recipe_of("classification"), table, tmp_path / "run", listener)
    assert listener.steps == 0


def test_a_run_is_not_resumed_on_fewer_images(drawn_root: Path, tmp_path: Path) -> None:
    table = drawn_root.parent / "shrinking.csv"
    table.write_text(drawn_root.read_text())
    with pytest.raises(KeyboardInterrupt):
        run(recipe_of("segmentation"), table, tmp_path / "run", Silent(stop_at=8))
    table.write_text("\n".join(drawn_root.read_text().splitlines()[:-2]))
    with pytest.raises(TrainingError, match="2 of its 20 images are no longer in the data"):
        run(recipe_of("segmentation"), table, tmp_path / "run", resume=True)


def test_a_source_without_a_root_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="--root csv=DIR"):
        train(recipe_of("segmentation"), {}, tmp_path / "run", Silent())


def test_frozen_batch_norm_does_not_move(drawn_root: Path, tmp_path: Path) -> None:
    phases = [{"name": "head", "epochs": 2, "learning_rate": 0.05, "loss": "bce"}]
    run(recipe_of("segmentation", phases=phases), drawn_root, tmp_path / "run")
    last = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["net"]
    assert torch.equal(last["encoder.1.running_mean"], torch.zeros(8))
    assert torch.equal(last["encoder.1.running_var"], torch.ones(8))
