"""What stands around the server keeps to it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lentigo.cli import app

ROOT = Path(__file__).parents[2]


def options() -> set[str]:
    told = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    return set(re.findall(r"--[a-z][a-z-]+", told.output))


def test_the_image_starts_the_server_as_it_is_without_root_or_torch() -> None:
    text = (ROOT / "Dockerfile").read_text()
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    words = json.loads(command)
    assert words[0] == "serve"
    assert {word for word in words if word.startswith("--")} <= options()
    assert "--token-file" in words
    assert re.search(r"^USER (?!root|0)\w+", text, re.MULTILINE)
    assert "train" not in text
    assert "HEALTHCHECK" in text


@pytest.mark.parametrize("page", ["docs/serving.md", "README.md"])
def test_every_option_that_is_written_of_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    for line in re.findall(r".*lentigo serve.*", text):
        assert set(re.findall(r"--[a-z][a-z-]+", line)) <= options()


def test_only_the_command_line_imports_the_server() -> None:
    for path in (ROOT / "src" / "lentigo").rglob("*.py"):
        package = path.relative_to(ROOT / "src" / "lentigo").parts[0]
        if package not in ("serving", "cli"):
            assert "lentigo.serving" not in path.read_text(encoding="utf-8"), path
