import csv
import io
import json

import numpy as np
import pytest

from lentigo.report.tables import FindingsDocument, FindingsTable, plain_cell
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.batch import Skipped
from lentigo.runtime.finding import Finding


@pytest.fixture
def finding(analyzer: Analyzer, dark_disc: np.ndarray) -> Finding:
    return analyzer.analyze(dark_disc).model_copy(update={"image": '=cmd|"/c calc"!A1.jpg'})


def test_the_csv_holds_one_row_a_finding_and_no_formula(finding: Finding) -> None:
    stream = io.StringIO()
    FindingsTable(stream).add(finding, "images/a")
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert row["image"] == "'" + str(finding.image)
    assert row["decision"] == finding.decision
    assert float(row["probability_malignant"]) == finding.probability_malignant
    assert finding.measurements is not None
    assert float(row["asymmetry"]) == finding.measurements.asymmetry
    assert row["equivalent_diameter_mm"] == ""
    assert (row["height_px"], row["width_px"]) == ("120", "160")


def test_the_csv_holds_what_is_expected_of_the_outline_where_it_is_known(
    finding: Finding, watchful_analyzer: Analyzer, faint_disc: np.ndarray
) -> None:
    stream = io.StringIO()
    table = FindingsTable(stream)
    told = watchful_analyzer.analyze(faint_disc)
    table.add(told, "images/a")
    table.add(finding, "images/b")
    first, second = csv.DictReader(io.StringIO(stream.getvalue()))
    assert told.outline_quality is not None
    assert float(first["expected_jaccard"]) == told.outline_quality.expected_jaccard
    assert float(first["review_below"]) == 0.8
    assert "uncertain-outline" in first["warnings"]
    assert second["expected_jaccard"] == second["review_below"] == ""


def test_the_csv_holds_the_diagnoses_in_one_cell_the_greatest_first(
    finding: Finding, telling_analyzer: Analyzer, dark_disc: np.ndarray
) -> None:
    stream = io.StringIO()
    table = FindingsTable(stream)
    told = telling_analyzer.analyze(dark_disc)
    table.add(told, "images/a")
    table.add(finding, "images/b")
    first, second = csv.DictReader(io.StringIO(stream.getvalue()))
    assert told.diagnoses is not None
    cell = first["diagnoses_uncalibrated"]
    assert list(json.loads(cell)) == ["nv", "odd one", "mel"]
    assert json.loads(cell) == pytest.approx(told.diagnoses, abs=5e-4)
    assert second["diagnoses_uncalibrated"] == ""


@pytest.mark.parametrize("risky", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_is_quoted(risky: str) -> None:
    assert plain_cell(risky) == "'" + risky


def test_the_document_is_json_whatever_the_number_of_findings(finding: Finding) -> None:
    for count in (0, 1, 3):
        stream = io.StringIO()
        document = FindingsDocument(stream)
        for _ in range(count):
            document.add(finding, "images/a")
        document.finish([Skipped("b.jpg", 'is "empty"')], {"analysed": count})
        content = json.loads(stream.getvalue())
        assert len(content["findings"]) == count
        assert content["skipped"] == [{"image": "b.jpg", "fault": 'is "empty"'}]
        assert content["summary"] == {"analysed": count}
        assert content["notice"].startswith("Research use only")
