"""No number that a reader sees is typed: it stands in a committed result file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lentigo.bundle import CARD, SHIPPED, bundle_names, read_spec
from lentigo.evaluation.model_card import model_card

ROOT = Path(__file__).parents[1]


def test_the_readmes_results_are_the_committed_ones() -> None:
    check = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    subprocess.run(check, check=True)


@pytest.mark.parametrize("name", bundle_names())
def test_a_shipped_bundles_card_and_index_are_generated_from_its_result(name: str) -> None:
    spec = read_spec(SHIPPED / name)
    result = json.loads((ROOT / "results" / "evaluation" / f"{name}.json").read_text())
    assert spec.metrics == result
    assert (SHIPPED / name / CARD).read_text(encoding="utf-8") == model_card(spec)
