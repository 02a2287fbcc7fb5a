import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.cli.common import run
from lentigo.cli.data import app


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("benign", "malignant"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / label / f"{number}.png")
    return tmp_path / "set"


def test_split_writes_the_file_and_tells_the_parts(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "split.csv"
    arguments = ["split", "folder", "--root", str(root), "--out", str(out), "--json", "-"]
    assert run(app, [*arguments, "--train", "0.6", "--validation", "0.2", "--test", "0.2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(part["part"], part["n"], part["malignant"]) for part in told["parts"]] == [
        ("train", 12, 6),
        ("validation", 4, 2),
        ("test", 4, 2),
    ]
    assert len(out.read_text().splitlines()) == 21


def test_audit_prints_faults_for_people(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "benign" / "0.png").write_bytes(b"")
    assert run(app, ["audit", "folder", "--root", str(root)]) == 0
    out = capsys.readouterr().out
    assert "1 × unreadable" in out
    assert "is empty (0 bytes)" in out


def test_audit_writes_json(root: Path, tmp_path: Path) -> None:
    report = tmp_path / "audit.json"
    also = ["--also", f"csv={tmp_path / 'table.csv'}"]
    (tmp_path / "table.csv").write_text("path,image_id\nset/benign/1.png,benign/1\n")
    arguments = ["audit", "folder", "--root", str(root), "--json", str(report), *also]
    assert run(app, arguments) == 0
    counts = json.loads(report.read_text())["counts"]
    found = {kind: count for kind, count in counts.items() if count}
    assert found == {"duplicate": 2, "id-in-two-sources": 2}


@pytest.mark.parametrize(
    ("arguments", "teaches"),
    [
        (["audit", "ph2", "--root", "."], "not a ph2 dataset; looked for"),
        (["audit", "ph3", "--root", "."], "there are: csv, folder, ham10000"),
        (["split", "folder", "--root", ".", "--out", "s.csv", "--train", "2"], "error"),
        (["audit", "ph2"], "--root"),
    ],
)
def test_wrong_input_costs_one_line_and_exit_code_2(
    arguments: list[str],
    teaches: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(app, arguments) == 2
    error = capsys.readouterr().err
    assert teaches in error
    assert error.count("\n") == 1


def test_audit_tells_copies_across_the_parts_of_a_split(root: Path, tmp_path: Path) -> None:
    (root / "benign" / "1.png").write_bytes((root / "benign" / "0.png").read_bytes())
    split, report = tmp_path / "split.csv", tmp_path / "audit.json"
    split.write_text("image_id,part\nbenign/0,train\nbenign/1,test\n")
    options = ["--split", str(split), "--json", str(report)]
    assert run(app, ["audit", "folder", "--root", str(root), *options]) == 0
    details = [fault["detail"] for fault in json.loads(report.read_text())["faults"]]
    assert details == [f"same as folder benign/{other}; another part" for other in (1, 0)]
