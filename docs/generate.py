"""Writes every table of figures in the documentation from committed result files: ``make docs``.

A table stands between two comment lines that name it; what is around it is written by hand.
"""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import classification_tables
import engine_tables
import hardening_tables
import label_study_tables
import running_tables
import segmentation_tables
import study_tables

from lentigo.evaluation.model_card import interval_texts

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
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


def evaluations() -> str:
    """Return the results of all committed evaluations, which ``lentigo evaluate --json`` wrote."""
    lines = [
        "| bundle | data | metric | value | 95 % interval |",
        "| --- | --- | --- | --- | --- |",
    ]
    files = (RESULTS / "evaluation").glob("*.json")
    for path in sorted(files, key=lambda file: file.stem):
        lines += _evaluation_rows(json.loads(path.read_text(encoding="utf-8")))
    return "\n".join(lines) + "\n"


def _evaluation_rows(result: dict[str, Any]) -> Iterator[str]:
    about = f"`{result['bundle']['name']}` | {', '.join(result['data'])}, {result['split']}, "
    about += f"n = {result['n']}"
    for name, keys in METRICS[result["task"]].items():
        value: Any = result
        for key in keys:
            value = value[key]
        each = ", mean over images" if keys[-1] == "per_image" else ""
        yield f"| {about} | {name}{each} | {' | '.join(interval_texts(value))} |"
        about = " | "


Tables = dict[tuple[str, str], Callable[[], str]]


def study_page(study: str, rows: Callable[[str], str]) -> Tables:
    """Return the tables that each study's page has."""
    tables = {"settings": study_tables.settings, "claims": study_tables.claims, "rows": rows}
    return {(f"docs/{study}.md", name): partial(table, study) for name, table in tables.items()}


TABLES: Tables = {
    ("README.md", "results"): evaluations,
    ("docs/segmentation.md", "ingredients"): segmentation_tables.ingredients,
    ("docs/segmentation.md", "finishing"): segmentation_tables.finishing,
    ("docs/segmentation.md", "resolution"): segmentation_tables.resolution,
    ("docs/segmentation.md", "speed"): segmentation_tables.speed,
    ("docs/classification.md", "gate"): classification_tables.gate,
    ("docs/classification.md", "kinds"): classification_tables.kinds,
    ("docs/classification.md", "ingredients"): classification_tables.ingredients,
    ("docs/classification.md", "against-shipped"): classification_tables.against_shipped,
    ("docs/classification.md", "another-clinic"): classification_tables.another_clinic,
    ("docs/classification.md", "detail"): classification_tables.detail,
    ("docs/classification.md", "patient"): classification_tables.patient,
    ("docs/classification-study.md", "decisions"): partial(
        label_study_tables.per_class, "classification-study", "literal", "mended"
    ),
    **study_page("segmentation-study", study_tables.rows),
    **study_page("classification-study", label_study_tables.rows),
    **study_page("classification-regions", label_study_tables.compared),
    **study_page("classification-views", label_study_tables.compared),
    ("docs/performance.md", "preparing"): running_tables.preparing,
    ("docs/performance.md", "one-image"): running_tables.one_image,
    ("docs/performance.md", "cold-start"): running_tables.cold_start,
    ("docs/performance.md", "folder"): running_tables.folder,
    ("docs/performance.md", "folder-alone"): running_tables.folder_alone,
    ("docs/performance.md", "engines"): engine_tables.engines,
    ("docs/performance.md", "analysis-engines"): engine_tables.in_an_analysis,
    ("docs/performance.md", "scoring"): running_tables.scoring,
    ("docs/performance.md", "growth"): running_tables.growth,
    ("docs/performance.md", "look-alikes"): running_tables.look_alikes,
    ("docs/performance.md", "stages"): running_tables.stages,
    ("docs/performance.md", "imports"): running_tables.imports,
    ("docs/performance.md", "training-step"): running_tables.training_step,
    ("docs/performance.md", "training-classifier"): running_tables.training_classifier,
    ("docs/performance.md", "training-classifier-avx2"): partial(
        running_tables.training_classifier, "training_classifier-avx2"
    ),
    ("docs/hardening.md", "bad-input"): hardening_tables.bad_input,
    ("docs/hardening.md", "fuzzing"): hardening_tables.fuzzing,
    ("docs/hardening.md", "load"): hardening_tables.load,
    ("docs/hardening.md", "faults"): hardening_tables.faults,
}


def written(text: str, name: str, table: str) -> str:
    """Return a page with its table ``name`` written anew."""
    begin, end = f"<!-- {name}: written by make docs -->\n", f"<!-- end of {name} -->\n"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


if __name__ == "__main__":
    for (page, name), table in TABLES.items():
        path = ROOT / page
        old = path.read_text(encoding="utf-8")
        new = written(old, name, table())
        if "--check" in sys.argv and new != old:
            sys.exit(f"{page}: its {name} are not those under results/; run make docs")
        path.write_text(new, encoding="utf-8")
