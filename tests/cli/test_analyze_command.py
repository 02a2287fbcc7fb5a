import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.bundle import Bundle
from lentigo.cli import app
from lentigo.cli.common import run


@pytest.fixture
def arguments(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> list[str]:
    bundles = [
        "--segmenter",
        str(segmenter_bundle.path),
        "--classifier",
        str(classifier_bundle.path),
    ]
    return ["analyze", "--engine", "onnxruntime", "--no-gate", *bundles]


def test_a_mixed_folder_is_done_and_reported(
    arguments: list[str],
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert run(app, [*arguments, str(mixed_folder), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "2 analysed" in printed.out
    assert "3 not readable" in printed.out
    assert "empty.jpg: is empty" in printed.err
    assert {"report.html", "findings.json", "findings.csv", "skipped.csv", "images"} == {
        path.name for path in out.iterdir()
    }
    assert len((out / "skipped.csv").read_text().splitlines()) == 1 + 3


def test_json_on_standard_output_is_all_that_is_there(
    arguments: list[str],
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = str(tmp_path / "out")
    assert run(app, [*arguments, str(mixed_folder), "--out", out, "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["summary"]["analysed"] == 2
    assert len(result["skipped"]) == 3
    assert run(app, [*arguments, str(mixed_folder), "--out", out, "--resume", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["resumed"] == 2


def test_heat_maps_and_diagnoses_are_told_where_the_classifier_has_them(
    arguments: list[str],
    telling_bundle: Bundle,
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    wanted = [str(mixed_folder), "--out", str(out), "--heat-maps"]
    assert run(app, [*arguments, *wanted]) == 2
    fault = "--heat-maps: the model of bundle 'dark-is-malignant' gives no heat map"
    assert fault in capsys.readouterr().err
    assert not out.exists()
    assert run(app, [*arguments, *wanted, "--classifier", str(telling_bundle.path)]) == 0
    assert "Diagnosis" in capsys.readouterr().out
    assert (out / "images" / "a" / "heat.jpg").is_file()
    (first, _) = json.loads((out / "findings.json").read_text())["findings"]
    assert set(first["diagnoses"]) == {"nv", "mel", "odd one"}
    assert first["heat_map"]["box"] == {"top": 0, "left": 0, "height": 120, "width": 160}


def test_results_inside_the_input_folder_are_not_taken_for_input(
    arguments: list[str], mixed_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = mixed_folder / "results"
    for _ in range(2):
        assert run(app, [*arguments, str(mixed_folder), "--out", str(out)]) == 0
        assert "2 analysed" in capsys.readouterr().out


def test_a_photo_beside_its_results_is_analysed(
    arguments: list[str], mixed_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for paths in (mixed_folder, mixed_folder / "a.png"):
        assert run(app, [*arguments, str(paths), "--out", str(mixed_folder)]) == 0
    assert "2 analysed" in capsys.readouterr().out


def test_a_missing_path_is_reported_when_the_others_are_done(
    arguments: list[str],
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = [str(mixed_folder / "a.png"), "absent.jpg", str(mixed_folder / "more")]
    assert run(app, [*arguments, *paths, "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert "2 analysed" in printed.out
    assert "error: absent.jpg: no such file or folder" in printed.err
    assert "absent.jpg,no such file" in (tmp_path / "out" / "skipped.csv").read_text()


def test_an_out_folder_of_odd_bytes_is_printed_with_escapes(
    arguments: list[str],
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / os.fsdecode(b"caf\xe9")
    assert run(app, [*arguments, str(mixed_folder / "a.png"), "--out", str(out)]) == 0
    assert "caf\\udce9" in capsys.readouterr().out


def test_when_nothing_can_be_read_the_exit_code_says_so(
    arguments: list[str],
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = str(mixed_folder / "words.jpg")
    assert run(app, [*arguments, words, "--out", str(tmp_path / "out")]) == 2
    assert f"error: {words}: is not an image" in capsys.readouterr().err


def test_a_refused_image_is_reported_everywhere_and_has_no_risk(
    arguments: list[str],
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    gated = [word for word in arguments if word != "--no-gate"]
    given = [str(tmp_path / "noise.png"), "--out", str(tmp_path / "out")]
    assert run(app, [*gated, *given]) == 0
    printed = capsys.readouterr().out
    assert "refused" in printed
    assert "not-dermoscopy" in printed
    assert "1 analysed, 0 called malignant, 1 refused as not dermoscopy" in printed
    page = (tmp_path / "out" / "report.html").read_text()
    assert "No image was scored: 1 refused as not dermoscopy" in page
    assert "No probability: the image does not look like dermoscopy" in page
    assert "probability that it is malignant" not in page
    (row,) = csv.DictReader((tmp_path / "out" / "findings.csv").open())
    assert row["decision"] == "refused"
    assert row["probability_malignant"] == ""
    assert "does not look like dermoscopy" in row["refusal"]
    document = json.loads((tmp_path / "out" / "findings.json").read_text())
    assert document["findings"][0]["probability_malignant"] is None
    assert document["summary"]["refused"] == 1
    assert run(app, [*gated, "--no-gate", *given, "--resume", "--json", "-"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["decision"] in ("malignant", "benign")
    assert "not-dermoscopy" in [note["code"] for note in finding["warnings"]]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (["absent.jpg"], "absent.jpg: no such file or folder"),
        (["*.nothing"], "no file matches this pattern"),
        (["{photos}", "--engine", "abacus"], "unknown engine 'abacus'"),
        (["{photos}", "--operating-point", "brave"], "no operating point 'brave'"),
        (["{photos}", "--segmenter", "nope"], "'nope' is not a bundle"),
        (["{photos}", "--out", "{photos}/a.png"], "a.png: is a file; give a folder"),
        (["{photos}", "--colour"], "No such option: --colour"),
        ([], "Missing argument 'PATH...'"),
    ],
)
def test_wrong_input_costs_one_line_and_exit_code_2(
    arguments: list[str],
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: list[str],
    fault: str,
) -> None:
    given = [word.format(photos=mixed_folder) for word in wrong]
    assert run(app, [*arguments, "--out", str(tmp_path / "out"), *given]) == 2
    printed = capsys.readouterr()
    assert fault in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not printed.out
