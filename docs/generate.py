"""Writes the README's results table from the committed result files: ``make docs``.

Each file under ``results/evaluation`` is what ``lentigo evaluate --json`` wrote.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lentigo.evaluation.model_card import interval_texts

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- results: written by make docs -->\n", "<!-- end of results -->\n"
METRICS = {
    "segmentation": {
        "Dice": ("dice", "per_image"),
        "Jaccard": ("jaccard", "per_image"),
        "pooled Dice": ("dice", "pooled"),
        "failure rate": ("failure_rate",),
    },
    "classification": {
        "AUC": ("auc",),
        "sensitivity at sensitivity-90": ("operating_points", "sensitivity-90", "sensitivity"),
        "specificity at sensitivity-90": ("operating_points", "sensitivity-90", "specificity"),
        "calibration error": ("ece",),
    },
}


def table() -> str:
    """Return the results of all committed evaluations as a Markdown table."""
    lines = [
        "| bundle | data | metric | value | 95 % interval |",
        "| --- | --- | --- | --- | --- |",
    ]
    files = (ROOT / "results" / "evaluation").glob("*.json")
    for path in sorted(files, key=lambda file: file.stem):
        lines += _rows(json.loads(path.read_text(encoding="utf-8")))
    return "\n".join(lines) + "\n"


def _rows(result: dict[str, Any]) -> Iterator[str]:
    about = f"`{result['bundle']['name']}` | {', '.join(result['data'])}, {result['split']}, "
    about += f"n = {result['n']}"
    for name, keys in METRICS[result["task"]].items():
        value: Any = result
        for key in keys:
            value = value[key]
        each = ", mean over images" if keys[-1] == "per_image" else ""
        yield f"| {about} | {name}{each} | {' | '.join(interval_texts(value))} |"
        about = " | "


def written(readme: str) -> str:
    """Return the README with its table written anew."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    old = README.read_text(encoding="utf-8")
    new = written(old)
    if "--check" in sys.argv and new != old:
        sys.exit("README.md's results are not those under results/; run make docs")
    README.write_text(new, encoding="utf-8")
