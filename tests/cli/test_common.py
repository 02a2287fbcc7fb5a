import json
import signal
from pathlib import Path

import pytest
import typer

from lentigo.cli import app
from lentigo.cli.common import STDOUT, one_line, parse_roots, print_json, run
from lentigo.errors import LentigoError
from lentigo.files import atomic_open


def failing(error: BaseException) -> typer.Typer:
    broken = typer.Typer()

    @broken.command()
    def fail() -> None:
        raise error

    return broken


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (LentigoError("give a folder"), 2, "lentigo: error: give a folder"),
        (PermissionError(13, "Permission denied", "x.csv"), 2, "x.csv: Permission denied"),
        (UnicodeEncodeError("utf-8", "a\udce9.jpg", 1, 2, "no"), 2, "rename it: a\\udce9.jpg"),
        (KeyboardInterrupt(), 130, "stopped; files that were finished are kept"),
    ],
)
def test_faults_become_one_line_and_an_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(failing(error), []) == code
    printed = capsys.readouterr().err
    assert line in printed
    assert len(printed.splitlines()) == 1


def test_a_program_that_is_told_to_end_leaves_no_unfinished_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Schedulers and service managers end a program by SIGTERM where a person types Ctrl-C."""
    writing = typer.Typer()

    @writing.command()
    def write() -> None:
        with atomic_open(tmp_path / "table.csv"):
            signal.raise_signal(signal.SIGTERM)
            pytest.fail("went on")

    before = signal.getsignal(signal.SIGTERM)
    assert run(writing, []) == 143
    assert "stopped; files that were finished are kept" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_stopped_command_says_that_it_can_be_resumed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lentigo.runtime.inputs.find_images", stop)
    monkeypatch.setattr("lentigo.bundle.bundle_names", stop)
    assert run(app, ["analyze", "photo.jpg", "--out", "out"]) == 130
    assert "--resume will go on from there" in capsys.readouterr().err
    assert run(app, ["bundle", "list"]) == 130
    assert "--resume" not in capsys.readouterr().err


def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(failing(ZeroDivisionError()), [])


def test_terminal_escapes_in_file_names_become_visible() -> None:
    assert one_line("a\n\x1b[31mb") == "a \\x1b[31mb"


def test_roots_are_pairs_of_source_and_folder() -> None:
    assert parse_roots(["ham10000=/data/h=m", "ph2=p"]) == {
        "ham10000": Path("/data/h=m"),
        "ph2": Path("p"),
    }
    for wrong in (["ham10000"], ["=x"], ["a="], ["a=b", "a=c"]):
        with pytest.raises(LentigoError, match="--root"):
            parse_roots(wrong)


def test_json_goes_to_a_file_or_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"name": "naïve", "n": 3}
    assert not print_json(value, None)
    assert not print_json(value, tmp_path / "new" / "out.json")
    assert json.loads((tmp_path / "new" / "out.json").read_text()) == value
    assert print_json(value, STDOUT)
    assert json.loads(capsys.readouterr().out) == value


@pytest.mark.parametrize("group", [[], ["bundle"]])
def test_a_bare_command_prints_its_help(
    group: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, group) == 2
    printed = capsys.readouterr()
    assert "Usage: lentigo" in printed.out + printed.err
    assert "error" not in printed.err


def test_the_version_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["--version"]) == 0
    assert capsys.readouterr().out.count(".") == 2
