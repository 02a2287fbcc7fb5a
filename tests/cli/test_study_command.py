"""``lentigo study`` from the command line."""

import json
from pathlib import Path

import pytest
from tiny_study import draw_table, tiny_recipe, tiny_study, write_study

from lentigo.cli import app
from lentigo.cli.common import run


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_table(tmp_path_factory.mktemp("data") / "drawn", 16)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENTIGO_CACHE", str(tmp_path / "cache"))
    names = ["one", "two"]
    recipes = {name: tiny_recipe(size=32 + 8 * i, epochs=4) for i, name in enumerate(names)}
    return write_study(tmp_path / "study", tiny_study(names, [("one", "two")]), recipes)


def test_a_study_by_one_command(
    study: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["study", str(study), "--root", f"csv={table}", "--out", str(out)]
    changes = ["--epochs-factor", "0.25", "--size", "24"]
    assert run(app, [*command, *changes, "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((out / "study.json").read_text())
    assert [row["epochs"] for row in told["rows"]] == [1, 1]
    assert [row["size_px"] for row in told["rows"]] == [[24, 24]] * 2
    assert told["rows"][1]["same_as"] == 1
    assert told["claims"][0]["verdict"] == "same run"
    assert run(app, [*command, *changes]) == 0
    assert "same run: one beats two" in capsys.readouterr().out
    assert run(app, command) == 2
    assert "was begun with --epochs-factor 0.25, not 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--root", "csv"], "expected SOURCE=DIR"),
        (["--root", "ph2=/tmp"], "--root csv=DIR"),
        (["--root", "csv=/nowhere"], "/nowhere: no such file or folder"),
        (["--root", "csv=/nowhere", "--seeds", "0,x"], "--seeds '0,x': expected whole numbers"),
        (["--root", "csv=/nowhere", "--epochs-factor", "0"], "--epochs-factor 0"),
        (["--root", "csv=/nowhere", "--only", "three"], "no row 'three'; there are: one, two"),
    ],
)
def test_wrong_input_is_one_line(
    options: list[str],
    told: str,
    study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(app, ["study", str(study), *options, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert told in error[0]
    assert not (tmp_path / "out").exists()
