import json
from pathlib import Path

import pytest

from lentigo.bundle import Bundle, bundle_names, write_bundle
from lentigo.cli import app
from lentigo.cli.common import run


def test_list_gives_each_shipped_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["bundle", "list", "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == bundle_names()
    assert all(set(row) == {"name", "task", "default", "size_mb", "sha256"} for row in rows)


def test_show_tells_operating_points(
    classifier_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["bundle", "show", str(classifier_bundle.path)]) == 0
    assert "balanced (default): 0.5000, by hand" in capsys.readouterr().out


def test_verify_says_what_it_checked(
    classifier_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["bundle", "verify", str(classifier_bundle.path), "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ok"]
    assert len(result["checks"]) == 3


def test_an_unknown_bundle_costs_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["bundle", "verify", "nope"]) == 2
    assert capsys.readouterr().err.startswith("lentigo: error: 'nope' is not a bundle")


def test_brackets_in_a_rule_are_text_and_no_markup(
    tmp_path: Path, classifier_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = "sensitivity [of 95 %] on [/validation]"
    spec = classifier_bundle.spec
    point = spec.operating_point().model_copy(update={"rule": rule})
    spec = spec.model_copy(update={"operating_points": {"balanced": point}})
    bundle = write_bundle(tmp_path / "b", spec, {"model.onnx": classifier_bundle.model_path})
    assert run(app, ["bundle", "show", str(bundle.path)]) == 0
    assert rule in capsys.readouterr().out
