"""Classification studies: from runs to verdicts, CSV, JSON and page; a whole one of tiny nets."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tiny_study import (
    Watcher,
    draw_diagnoses,
    labels_table,
    made_diagnoses,
    tiny_recipe,
    write_study,
)

from lentigo.bundle import load_bundle
from lentigo.cli import app
from lentigo.cli.common import run
from lentigo.data.splits import read_split
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.runtime.classifier import Classifier
from lentigo.study.document import StudyResult
from lentigo.study.folder import StudyFolder
from lentigo.study.label_figures import decisions
from lentigo.study.label_scores import POINTS
from lentigo.study.page import render_page
from lentigo.study.results import read_result
from lentigo.study.run import run_study
from lentigo.study.schema import Claim, Row, Study
from lentigo.study.settings import Settings
from lentigo.study.summarise import summarise
from lentigo.study.tasks import TASKS
from lentigo.study.write import csv_table

NAMES = ["head", "good", "poor", "open"]
STUDY = Study(
    title="Tiny classifiers",
    citation="Drawn by hand.",
    task="classification",
    reference="head",
    rows=tuple(
        Row(
            recipe=name,
            label=f"Row {name}",
            reported={"accuracy": 0.82 + 0.01 * i, "recall": 0.2} if i < 2 else None,
        )
        for i, name in enumerate(NAMES)
    ),
    claims=(
        Claim(text="good > poor", better="good", than="poor"),
        Claim(text="poor > good", better="poor", than="good"),
        Claim(text="good > head, accuracy", better="good", than="head", metric="accuracy"),
        Claim(text="good > open", better="good", than="open"),
        Claim(text="head > poor, accuracy", better="head", than="poor", metric="accuracy"),
    ),
    controls={"always-benign": {"accuracy": 0.8074}},
)
FEW = Bootstrap(draws=100)


def told_apart(skill: float, seed: int) -> pl.DataFrame:
    malignant = np.arange(120) % 4 == 0
    logit = skill * (malignant - 0.5) + np.random.default_rng(seed).normal(size=120)
    return labels_table(malignant.tolist(), 1 / (1 + np.exp(-logit)))


@pytest.fixture(scope="module")
def result() -> StudyResult:
    skills = {"head": 1.0, "good": 5.0, "poor": 0.9}
    runs = {
        name: {0: made_diagnoses(told_apart(skill, 1), told_apart(skill, 2))}
        for name, skill in skills.items()
    }
    recipes = {
        name: tiny_recipe(task="classification", epochs=i + 1) for i, name in enumerate(NAMES)
    }
    settings = Settings(study=STUDY.title)
    return summarise(STUDY, recipes, settings, runs, {}, FEW)


@pytest.fixture(scope="module")
def page(result: StudyResult) -> str:
    task = TASKS["classification"]
    runs = {
        row.row.recipe: {0: made_diagnoses(told_apart(2, 1), told_apart(2, 2))}
        for row, _ in result.finished
    }
    exhibits = task.exhibits(result, runs, StudyFolder(Path()), pl.DataFrame())
    return render_page(result, exhibits)


def test_a_verdict_follows_its_interval(result: StudyResult) -> None:
    verdicts = [claim.verdict for claim in result.claims]
    assert verdicts[:4] == ["holds", "does not hold", "holds", "not run"]
    metrics = [claim.metric for claim in result.claims]
    assert metrics == ["auc", "auc", "accuracy", "auc", "accuracy"]
    for claim in result.claims:
        if claim.difference is not None:
            assert (claim.verdict == "holds") == (claim.difference.low > 0)
            assert (claim.verdict == "does not hold") == (claim.difference.high < 0)
    assert result.claims[2].reported == pytest.approx(0.01)  # of the rows' reported accuracies
    assert result.claims[0].reported is None  # no AUC is reported


def test_csv_and_json_hold_the_same_figures(result: StudyResult) -> None:
    document = json.loads(json.dumps(result.as_json(), allow_nan=False))
    lines = list(csv.DictReader(io.StringIO(csv_table(document))))
    assert [line["row"] for line in lines] == [*NAMES, "always-benign"]
    for line, row in zip(lines[:3], document["rows"], strict=False):
        for name in POINTS:
            point = row["test"]["points"][name]
            assert line[f"test_points_{name}_accuracy"] == str(point["accuracy"]["value"])
            recall = point["malignant"]["recall"]
            assert line[f"test_points_{name}_malignant_recall_low"] == str(recall["low"])
            assert line[f"test_points_{name}_confusion_tp"] == str(point["confusion"]["tp"])
        assert set(row["reported"]) == {
            "accuracy",
            "auc",
            "precision",
            "recall",
            "f1",
            "threshold",
        }
    assert lines[4]["reported_accuracy"] == "0.8074"
    assert lines[4]["test_points_always-benign_accuracy"] == "0.75"
    assert document["rows"][1]["by_seed"]["test_auc"] == {
        "0": document["rows"][1]["test"]["auc"]["value"]
    }
    assert set(document["rows"][1]["difference"]) == {"auc", "accuracy"}


def test_the_page_shows_each_point_and_asks_no_host(page: str) -> None:
    assert not re.search(r"(?:src|href|url\()\W*(?:https?:)?//", page)
    assert "Always benign" in page
    assert "0.8074" in page
    assert "Judged by: AUC" in page
    for name in POINTS:
        assert page.count(f'<td class="point">{name}</td>') == 2 * 3
    assert page.count('aria-label="Threshold sweep and ROC curve') == 3
    assert "Jaccard" not in page
    assert "Dice" not in page
    assert not re.search(r"\bnan\b", page)


def test_a_study_without_results_has_a_page(result: StudyResult) -> None:
    recipes = {row.row.recipe: row.recipe for row in result.rows}
    empty = summarise(STUDY, recipes, result.settings, {}, {})
    exhibits = TASKS["classification"].exhibits(empty, {}, StudyFolder(Path()), pl.DataFrame())
    assert "No row is finished yet" in render_page(empty, exhibits)


def test_the_figures_lie_in_their_panels(result: StudyResult) -> None:
    run_ = made_diagnoses(told_apart(2, 1), told_apart(2, 2))
    drawn = decisions(result.rows[0], {0: run_}, FEW)
    lines = [*drawn.sweep.values(), drawn.roc]
    for points in (text for line in lines for text in (line.points, line.band)):
        places = np.array([pair.split(",") for pair in points.split()], dtype=float)
        assert (places >= -0.05).all()
        assert (places <= 240.05).all()
    assert {mark.name for mark in drawn.marks} == set(POINTS)
    # The names stand in the order of the points, so that no line to a name crosses another.
    along = sorted(drawn.marks, key=lambda mark: (mark.x, -mark.y))
    heights = [mark.label_y for mark in along]
    assert heights == sorted(set(heights), reverse=True)


PHASES = [
    {"name": name, "unfreeze": [], "epochs": 1, "learning_rate": 0.02, "loss": "bce"}
    for name in ("first", "again")
]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_diagnoses(tmp_path_factory.mktemp("data") / "drawn")


def test_a_whole_study_by_one_command_and_no_row_is_done_again(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lentigo.training.history.draw_curves", lambda *_: None)  # slow
    study = STUDY.model_copy(update={"rows": STUDY.rows[:2], "claims": STUDY.claims[2:3]})
    recipes = {
        "head": tiny_recipe(task="classification", phases=PHASES),
        "good": tiny_recipe(task="classification", epochs=3),
    }
    folder, out = write_study(tmp_path / "study", study, recipes), tmp_path / "out"
    command = ["study", str(folder), "--root", f"csv={table}", "--out", str(out)]
    assert run(app, [*command, "--json", "-"]) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document == json.loads((out / "study.json").read_text())
    lines = told.err.splitlines()
    at = lines.index("phase again unfreezes nothing: it trains the same weights as first before it")
    assert lines[at - 1].startswith("first")
    assert "validation AUC" in lines[at + 1]

    test = {}
    for name in recipes:
        split = read_split(out / f"runs/{name}-seed0/split.csv")
        test[name] = set(split.filter(part="test")["image_id"])
        lesions = {part: set(ids) for part, ids in _lesions(split).items()}
        assert not lesions["test"] & (lesions["train"] | lesions["validation"])
    assert test["head"] == test["good"]
    assert document["rows"][0]["test"]["n"] == len(test["head"])

    result = read_result(out / "results/good-seed0")
    assert result is not None
    bundle = load_bundle(out / "bundles/good-seed0")
    assert bundle.spec.calibration is not None
    image_id, probability = result.test.select("image_id", "probability").row(0)
    calibrated = Classifier(bundle).probability(table.parent / f"{image_id}.png")
    assert bundle.spec.calibration.apply(probability) == pytest.approx(calibrated, abs=1e-6)

    watch = Watcher()
    again = run_study(study, recipes, Settings(study=study.title), {"csv": table}, out, watch)
    assert watch.runs == []
    assert watch.steps == 0
    assert json.loads(json.dumps(again.as_json())) == document

    assert run(app, command) == 0
    shown = capsys.readouterr().out
    assert "Malignant" in shown
    assert f"{again.claims[0].verdict}: good > head, accuracy" in shown


def _lesions(split: pl.DataFrame) -> dict[str, list[str]]:
    """The lesion of each image by part; its name is the image's without the copy's letter."""
    return {
        part: split.filter(part=part)["image_id"].str.head(3).to_list()
        for part in ("train", "validation", "test")
    }
