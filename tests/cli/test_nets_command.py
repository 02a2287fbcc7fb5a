import json
from pathlib import Path

import pytest

from lentigo.cli import app
from lentigo.cli.common import run
from lentigo.nets import NETS


def test_every_net_is_listed_with_its_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nets.json"
    assert run(app, ["nets", "--size", "224", "--json", str(file)]) == 0
    told = json.loads(file.read_text())
    assert told["size_px"] == [224, 224]
    listed = [(net["task"], net["name"]) for net in told["nets"]]
    assert listed == sorted(listed)
    assert {name for _, name in listed} == set(NETS)
    assert all(net["parameters"] > 0 and net["gmacs"] > 0 for net in told["nets"])
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["mobilenetv2", "classification", "2.23", "0.30"] in table


def test_a_size_that_no_net_takes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["nets", "--size", "100"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "100×100 px is not a multiple" in line
