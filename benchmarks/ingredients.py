"""What each ingredient of the best models gave: one run a recipe, one change from run to run.

Takes the runs of ``recipes/TASK-ingredients`` (each recipe begins with a line that says what it
changes, and names the number of the recipe that it changes), measures each on its validation part
and on another clinic's images, and writes ``results/TASK/ingredients.csv``. Lines of recipes whose
runs are not at hand stay. The test part is not looked at. ISIC holds ISIC 2018 Task 1 with ISIC
2017's diagnoses, HAM holds HAM10000. Train first:

    for recipe in recipes/segmentation-ingredients/*.yaml; do
        lentigo train $recipe --root isic2018-task1=ISIC --root ham10000=HAM \\
            --out RUNS/$(basename $recipe .yaml)
    done
    python benchmarks/ingredients.py segmentation ISIC HAM RUNS

For ``classification`` the second root is ``isic2017-part3=ISIC``. A run with another seed (``--set
seed=1``) in ``RUNS/RECIPE-seed-1`` gets a line of its own, held against the recipe's first run.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.evaluate import Evaluation, evaluate_bundle
from lentigo.evaluation.ranking import weighted_auc
from lentigo.evaluation.ratios import Floats
from lentigo.files import write_text
from lentigo.study.masks import paired_difference
from lentigo.training.export import export
from lentigo.training.folder import RunFolder
from lentigo.training.recipe import read_recipe

ROOT = Path(__file__).parents[1]
OTHER_CLINIC = 1500  # images of another clinic at most, drawn once; all would take long
OUTLINES = "vgg-segnet"  # it never saw HAM10000


def jaccard_gain(one: pl.DataFrame, other: pl.DataFrame) -> Interval:
    """Return by how much the mean Jaccard over images is above another's, on the same images."""
    return paired_difference([one], [other], "jaccard_per_image", Bootstrap())


def auc_gain(one: pl.DataFrame, other: pl.DataFrame) -> Interval:
    """Return by how much the AUC is above another's, on the same images."""
    both = one.join(other, on="image_id", suffix="_other").drop_nulls("probability")
    malignant = both["malignant"].to_numpy()

    def statistics(weights: Floats) -> dict[str, Floats]:
        ours, others = (
            weighted_auc(malignant, both[name].to_numpy(), weights)
            for name in ("probability", "probability_other")
        )
        return {"gain": ours - others}

    return Bootstrap().intervals(statistics, both["group"].to_list())["gain"]


def columns(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return intervals as a table has them: each score's value and ends in columns of their own."""
    return {
        f"{name}_{end}": interval[end]
        for name, interval in scores.items()
        for end in ("value", "low", "high")
    }


@dataclass(frozen=True)
class Subject:
    """What the runs of one task are measured on.

    Attributes:
        own: The source that its recipes train on.
        other: Another clinic's, unless a recipe trains on it too.
        metrics: Names in the table, and where each is in a result.
        gain: The paired difference of the first metric.
    """

    own: str
    other: str
    metrics: Mapping[str, tuple[str, ...]]
    gain: Callable[[pl.DataFrame, pl.DataFrame], Interval]


SUBJECTS = {
    "segmentation": Subject(
        own="isic2018-task1",
        other="ham10000",
        metrics={"jaccard": ("jaccard", "per_image"), "dice": ("dice", "per_image")},
        gain=jaccard_gain,
    ),
    "classification": Subject(
        own="ham10000", other="isic2017-part3", metrics={"auc": ("auc",)}, gain=auc_gain
    ),
}


def measure(subject: Subject, run: Path, roots: Mapping[str, Path]) -> dict[str, Evaluation]:
    """Evaluate a run on its validation part and, unless it trained there, on the other clinic."""
    bundle = export(run, run / "bundle", with_weights=False)
    rows = read_source(subject.own, roots[subject.own])
    parts = read_split(RunFolder(run).split)
    sets = {"validation": rows_of_part(rows, parts, "validation")}
    if not read_recipe(RunFolder(run).recipe).data.further:
        others = read_source(subject.other, roots[subject.other])
        others = others.join(rows, on="image_id", how="anti")
        count = min(OTHER_CLINIC, others.height)
        sets[subject.other] = others.sample(count, seed=0).sort("image_id")
    outlines = OUTLINES if bundle.spec.input.region else None
    return {
        name: evaluate_bundle(bundle, chosen, split=name, outlines=outlines)
        for name, chosen in sets.items()
    }


def row(
    subject: Subject, name: str, text: str, now: dict[str, Evaluation], before: Any
) -> dict[str, Any]:
    """Return one line of the table: scores, and the paired difference to the recipe changed."""
    line: dict[str, Any] = {"recipe": name, "change": text}
    leading, *_ = subject.metrics
    for data in ("validation", subject.other):
        result = now.get(data)
        for metric, keys in subject.metrics.items():
            score: Any = result.metrics if result else {}
            for key in keys:
                score = score.get(key, {})
            line |= {f"{data}_{metric}_{end}": score.get(end) for end in ("value", "low", "high")}
        gain = None
        if result and before and data in before:
            gain = subject.gain(result.table, before[data].table)
        for end in ("value", "low", "high"):
            line[f"{data}_{leading}_gain_{end}"] = getattr(gain, end, None)
    return line


def ended_runs(task: str, runs: Path) -> Iterator[tuple[str, str]]:
    """Yield the folder of every run that has ended, and what it changes, in the recipes' order."""
    for recipe in sorted((ROOT / "recipes" / f"{task}-ingredients").glob("*.yaml")):
        text = recipe.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        seeds = sorted(runs.glob(f"{recipe.stem}-seed-*"))
        again = {
            run.name: f"{recipe.stem[:2]} with {run.name.split('-')[-1]} as seed." for run in seeds
        }
        for name, change in {recipe.stem: text, **again}.items():
            if RunFolder(runs / name).tuned.is_file():
                yield name, change


def main(task: str, isic: Path, ham: Path, runs: Path) -> None:
    """Measure every run that has ended; keep the lines of others, all in the recipes' order."""
    subject = SUBJECTS[task]
    roots = {"isic2018-task1": isic, "isic2017-part3": isic, "ham10000": ham}
    done: dict[str, dict[str, Evaluation]] = {}
    lines = []
    for name, text in ended_runs(task, runs):
        changed = re.match(r"\d\d", text)
        now = measure(subject, runs / name, roots)
        lines.append(row(subject, name, text, now, done.get(changed[0]) if changed else None))
        if "-seed-" not in name:
            done[name[:2]] = now
        print(lines[-1])
    out = ROOT / "results" / task / "ingredients.csv"
    table = pl.DataFrame(lines, infer_schema_length=None)
    if out.is_file():
        before = pl.read_csv(out).join(table, on="recipe", how="anti")
        table = pl.concat((table, before), how="vertical_relaxed").sort("recipe")
    write_text(out, table.write_csv(float_precision=4))


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:5]))
