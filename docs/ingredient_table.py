"""The table of ingredients that both tasks' pages have, and how intervals are written."""

import csv
from collections.abc import Mapping
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"


def ingredient_table(task: str, score: str, sets: Mapping[str, str]) -> str:
    """Return what each ingredient gave, which ``benchmarks/ingredients.py`` measured.

    Args:
        task: ``segmentation`` or ``classification``.
        score: The leading score, as it is headed; the file's columns have its name in small.
        sets: The data measured on: their names in the file, and as they are headed.
    """
    heads = [f"{score}, {told} | gain" for told in sets.values()]
    lines = [
        f"| recipe | what it changes | {' | '.join(heads)} |",
        "| --- " * (2 + 2 * len(sets)) + "|",
    ]
    with (RESULTS / task / "ingredients.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            cells = [f"`{row['recipe']}`", row["change"]]
            for data in sets:
                cells.append(_interval(row, f"{data}_{score.lower()}"))
                cells.append(_interval(row, f"{data}_{score.lower()}_gain", sign=True))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def interval(value: Mapping[str, float | None], *, sign: bool = False) -> str:
    """Return an interval's value and its ends as text; a dash where it is not defined."""
    form = "+.3f" if sign else ".3f"
    if value["value"] is None:
        return "–"
    ends = (value[end] for end in ("value", "low", "high"))
    middle, low, high = ("–" if end is None else format(end, form) for end in ends)
    return f"{middle} ({low} to {high})"


def _interval(row: Mapping[str, str], name: str, *, sign: bool = False) -> str:
    ends = {end: row[f"{name}_{end}"] for end in ("value", "low", "high")}
    if not ends["value"]:
        return "–"
    return interval({end: float(number) for end, number in ends.items()}, sign=sign)
