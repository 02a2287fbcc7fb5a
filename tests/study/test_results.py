"""From finished runs to verdicts, CSV, JSON and page."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_study import image_table, made_result, tiny_recipe, tiny_study

from lentigo.study.document import StudyResult
from lentigo.study.figures import curves, forest, round_range
from lentigo.study.outlines import choose_images
from lentigo.study.page import cautions, render_page
from lentigo.study.results import Result, read_result, write_result
from lentigo.study.settings import Settings
from lentigo.study.summarise import summarise
from lentigo.study.tasks import TASKS
from lentigo.study.write import csv_table

GOOD = [0.9, 0.88, 0.92, 0.85, 0.91, 0.87, 0.9, 0.93]
POOR = [0.7, 0.72, 0.66, 0.6, 0.75, 0.7, 0.71, 0.69]
MIXED = [0.95, 0.8, 0.97, 0.79, 0.96, 0.8, 0.95, 0.87]

TITLES = TASKS["segmentation"].titles
NO_GALLERY = {"gallery": None, "failed_below": 0.65}

NAMES = ["good", "poor", "mixed", "twin", "open", "broken"]
CLAIMS = [
    ("good", "poor"),
    ("poor", "good"),
    ("good", "mixed"),
    ("good", "open"),
    ("good", "twin"),
    ("twin", "poor"),
]


@pytest.fixture
def result() -> StudyResult:
    recipes = {name: tiny_recipe(epochs=i + 1) for i, name in enumerate(NAMES)}
    recipes["twin"] = recipes["good"]
    made = {"good": GOOD, "poor": POOR, "mixed": MIXED}
    results = {name: {0: made_result(jaccard)} for name, jaccard in made.items()}
    results["poor"][0] = made_result(POOR, weights="from scratch: not at hand")
    return summarise(
        tiny_study(NAMES, CLAIMS),
        recipes,
        Settings(study="Tiny nets", size_px=32),
        results,
        {"broken": "the loss is nan in phase 'all'"},
    )


def test_claims_are_judged_by_their_intervals(result: StudyResult) -> None:
    verdicts = [claim.verdict for claim in result.claims]
    assert verdicts == ["holds", "does not hold", "not shown", "not run", "same run", "holds"]
    assert [claim.difference is not None for claim in result.claims] == [
        verdict not in ("not run", "same run") for verdict in verdicts
    ]


def test_the_reported_difference_is_that_of_the_reported_figures(result: StudyResult) -> None:
    reported = [claim.reported for claim in result.claims]
    assert reported == [0.01, -0.01, None, None, None, None]


def test_a_row_that_runs_as_another_has_its_results(result: StudyResult) -> None:
    good, twin = result.rows[0], result.rows[3]
    assert twin.same_as == good.number
    assert twin.measured is good.measured
    assert good.measured is not None
    assert good.measured.difference is None


def test_with_seeds_the_table_tells_their_mean_and_spread() -> None:
    names = ["one", "two"]
    recipes = {name: tiny_recipe(epochs=i + 1) for i, name in enumerate(names)}
    runs = {
        "one": {0: made_result(GOOD), 1: made_result(POOR)},
        "two": {0: made_result(POOR), 2: made_result(POOR)},
    }
    settings = Settings(study="Tiny nets", seeds=(0, 1, 2))
    summary = summarise(tiny_study(names), recipes, settings, runs, {})
    one, two = (row.measured for row in summary.rows)
    assert one is not None
    assert two is not None
    good, poor = sum(GOOD) / 8, sum(POOR) / 8
    assert one.score_by_seed == pytest.approx({0: good, 1: poor})
    assert one.test.jaccard_per_image.value == pytest.approx((good + poor) / 2)
    assert two.difference is not None
    assert two.difference["jaccard_per_image"].value == pytest.approx(poor - good)  # of seed 0
    assert two.difference_by_seed == pytest.approx({0: poor - good})  # the seeds that both have
    plot = forest(summary, TITLES)
    assert plot is not None
    page = render_page(summary, NO_GALLERY)
    assert f"seeds {poor:.3f} to {good:.3f}" in page


def test_csv_and_json_hold_the_same_figures(result: StudyResult) -> None:
    document = json.loads(json.dumps(result.as_json(), allow_nan=False))
    lines = list(csv.DictReader(io.StringIO(csv_table(document))))
    assert [line["row"] for line in lines] == NAMES
    for line, row in zip(lines, document["rows"], strict=True):
        told = row.get("test", {}).get("jaccard", {}).get("per_image", {})
        for column, key in (("", "value"), ("_low", "low"), ("_high", "high")):
            got = line[f"test_jaccard_per_image{column}"]
            assert got == (str(told[key]) if told else "")
        assert line["reported_dice"] == str(row["reported"]["dice"] or "")
    assert lines[1]["difference_jaccard_per_image"] == str(
        document["rows"][1]["difference"]["jaccard_per_image"]["value"]
    )
    assert lines[5]["fault"] == "the loss is nan in phase 'all'"


def test_the_page_asks_no_host_and_tells_the_worst_first(result: StudyResult) -> None:
    page = render_page(result, NO_GALLERY)
    assert not re.search(r"(?:src|href|url\()\W*(?:https?:)?//", page)
    assert "2 of 4 judged claims hold" in page
    assert page.index("claims hold") < page.index("The rows")
    assert "Not trained: the loss is nan in phase &#39;all&#39;" in page
    told = " ".join(cautions(result))
    assert "run with --size 32" in told
    assert "Rows 5, 6 are not finished" in told
    assert "Row 2 is from random weights" in told
    assert "Row 4 is the same experiment as row 1 under --size 32" in told


def test_a_study_without_results_has_a_page(result: StudyResult) -> None:
    recipes = {row.row.recipe: row.recipe for row in result.rows}
    empty = summarise(result.study, recipes, result.settings, {}, {})
    assert "No row is finished yet" in render_page(empty, NO_GALLERY)
    assert forest(empty, TITLES) is None
    assert curves(empty, "Dice") == ()


def test_curves_mark_each_phase(result: StudyResult) -> None:
    drawn = curves(result, "Dice")
    assert [curve.number for curve in drawn] == [1, 2, 3]  # the twin's are the first's
    assert [phase.text for phase in drawn[0].phases] == ["decoder", "block5"]
    assert [tick.text for tick in drawn[0].score.ticks] == [
        tick.text for tick in drawn[1].score.ticks
    ]


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_an_axis_holds_its_data_in_few_round_steps(one: float, other: float) -> None:
    low, high = sorted((one, other))
    first, last, step = round_range(low, high)
    assert first <= low + 1e-9
    assert last >= high - 1e-9
    assert 1 <= round((last - first) / step) <= 8


def test_images_are_chosen_evenly_from_the_worst_to_the_best() -> None:
    table = image_table([i / 100 for i in range(100)]).reverse()
    chosen = choose_images(table, 12)
    assert chosen == [f"i{9 * i:03}" for i in range(12)]
    assert choose_images(table.tail(3), 12) == ["i000", "i001", "i002"]


def test_a_result_is_read_back_and_an_unfinished_one_is_none(tmp_path: Path) -> None:
    made = made_result(GOOD)
    assert read_result(tmp_path) is None
    skipped = made.test.with_columns(skipped=None).to_dicts()
    skipped[2]["skipped"] = "i002.png: empty"
    test = image_table(GOOD).with_columns(
        skipped=type(made.test["image_id"])([row["skipped"] for row in skipped])
    )
    validation = made.validation.with_columns(skipped=None)
    write_result(tmp_path, made.record, test, validation)
    got = read_result(tmp_path)
    assert isinstance(got, Result)
    assert got.record == made.record
    assert "i002" not in got.test["image_id"]
    assert got.test.height == len(GOOD) - 1
    (tmp_path / "run.json").unlink()
    assert read_result(tmp_path) is None
