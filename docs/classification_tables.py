"""The tables of ``classification.md``, from what ``benchmarks/`` measured."""

import csv
import json
from pathlib import Path
from typing import Any

from ingredient_table import ingredient_table, interval

RESULTS = Path(__file__).parents[1] / "results"


def gate() -> str:
    """Return what the gate accepts and refuses, which ``gate.py`` measured."""
    measured = json.loads((RESULTS / "gate.json").read_text(encoding="utf-8"))
    accepted, unseen = measured["dermoscopy_accepted"], measured["unseen_kinds_refused"]
    lines = [
        "| images | n | accepted | refused |",
        "| --- | --- | --- | --- |",
        _accepted("dermoscopy, test photos as they are", accepted["all"]),
        *(
            _accepted(f"of these {source}", accepted["kinds"][f"{source}/as it is"])
            for source in ("isic2018-task1", "ham10000")
        ),
        _accepted("malignant test photos of ham10000", accepted["kinds"]["ham10000/malignant"]),
        _refused(
            f"other kinds, {unseen['all']['n_groups']}, each left out of the fit", unseen["all"]
        ),
    ]
    for name, text in (
        ("further_photos", "photos of people, animals and streets, not fitted on"),
        ("bundled_photos", "photos that come with scikit-image and scikit-learn, fitted on"),
    ):
        photos = measured[name]
        lines.append(f"| {text} | {photos['n']} | | {photos['refused']} |")
    return "\n".join(lines) + "\n"


def kinds() -> str:
    """Return the kinds that pass the gate most easily when it was not fitted on them."""
    measured = json.loads((RESULTS / "gate.json").read_text(encoding="utf-8"))
    found = measured["unseen_kinds_refused"]["kinds"].items()
    weak = sorted(
        ((kind["refused"], name, kind["n"]) for name, kind in found if kind["refused"] < kind["n"])
    )
    lines = ["| kind | refused | of |", "| --- | --- | --- |"]
    lines += [f"| {name} | {refused} | {n} |" for refused, name, n in weak]
    return "\n".join(lines) + "\n"


def ingredients() -> str:
    """Return what each ingredient of a classifier gave, which ``ingredients.py`` measured."""
    sets = {"validation": "validation", "isic2017-part3": "ISIC 2017"}
    return ingredient_table("classification", "AUC", sets)


def against_shipped() -> str:
    """Return how others do beside the shipped classifier, which ``against_shipped.py`` measured."""
    lines = [
        "| classifier | seed | AUC, validation | gain | gain of the mean of both |",
        "| --- | --- | --- | --- | --- |",
    ]
    for at, row in enumerate(_rows("against_shipped")):
        figures = [_figures(row, "auc", "")]
        figures += [
            _figures(row, name, "+") if at else "–" for name in ("gain", "mean_of_both_gain")
        ]
        lines.append(f"| `{row['bundle']}` | {row['seed']} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def another_clinic() -> str:
    """Return how rankings and sizes do on ISIC 2017, which ``another_clinic.py`` measured."""
    lines = ["| classifier | images | ranked by | AUC | gain |", "| --- | --- | --- | --- | --- |"]
    for at, row in enumerate(_rows("another-clinic")):
        about = " | ".join((f"`{row['bundle']}`", row["images"], row["ranked_by"]))
        gain = _figures(row, "gain", "+") if at else "–"
        lines.append(f"| {about} | {_figures(row, 'auc', '')} | {gain} |")
    return "\n".join(lines) + "\n"


def detail() -> str:
    """Return how classifiers do on photos of two sizes, which ``detail.py`` measured."""
    lines = [
        "| classifier | photos of | AUC | sensitivity | specificity | gain in AUC |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in _rows("detail"):
        for size_px in (75, 150):
            figures = [
                _figures(row, f"{size_px}_px_{name}", "")
                for name in ("auc", "sensitivity", "specificity")
            ]
            gain = _figures(row, "gain", "+") if size_px == 150 else "–"
            about = f"`{row['bundle']}` | {size_px} px"
            lines.append(f"| {about} | {' | '.join(figures)} | {gain} |")
    return "\n".join(lines) + "\n"


def patient() -> str:
    """Return what age, sex and site would add, which ``patient.py`` measured."""
    by = {
        "patient": "age, sex and site alone",
        "image": "the image alone, as shipped",
        "both": "both, weighed together",
    }
    lines = ["| classifier | risk by | AUC, validation | gain |", "| --- | --- | --- | --- |"]
    for row in _rows("patient"):
        gain = _figures(row, "gain", "+") if row["by"] == "both" else "–"
        about = f"`{row['bundle']}` | {by[row['by']]}"
        lines.append(f"| {about} | {_figures(row, 'auc', '')} | {gain} |")
    return "\n".join(lines) + "\n"


def _rows(name: str) -> list[dict[str, str]]:
    with (RESULTS / "classification" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _figures(row: dict[str, str], name: str, sign: str) -> str:
    value, low, high = (float(row[f"{name}_{end}"]) for end in ("value", "low", "high"))
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _accepted(text: str, share: dict[str, Any]) -> str:
    return f"| {text} | {share['n']} | {interval(share)} | |"


def _refused(text: str, share: dict[str, Any]) -> str:
    return f"| {text} | {share['n']} | | {interval(share)} |"
