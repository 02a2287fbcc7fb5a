"""What each ingredient of the best segmenter gave: one run a recipe, one change from run to run.

Takes the runs of ``recipes/segmentation-ingredients`` (each recipe begins with a line that says
what it changes, and names the number of the recipe that it changes), measures each on its
validation part and on masks of another clinic, HAM10000's, and writes
``results/segmentation/ingredients.csv``. The test part is not looked at. Train them first:

    for recipe in recipes/segmentation-ingredients/*.yaml; do
        lentigo train $recipe --root isic2018-task1=ISIC --root ham10000=HAM \\
            --out RUNS/$(basename $recipe .yaml)
    done
    python benchmarks/ingredients.py ISIC HAM RUNS
"""

import re
import sys
from pathlib import Path
from typing import Any

import polars as pl

from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.evaluate import Evaluation, evaluate_bundle
from lentigo.files import write_text
from lentigo.study.masks import paired_difference
from lentigo.training.export import export
from lentigo.training.folder import RunFolder
from lentigo.training.recipe import read_recipe

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "recipes" / "segmentation-ingredients"
OUT = ROOT / "results" / "segmentation" / "ingredients.csv"
OTHER_CLINIC = 1500  # images of HAM10000, drawn once; all would take long


def measure(run: Path, isic: Path, ham: Path) -> dict[str, Evaluation]:
    """Evaluate a run on its validation part and, unless it trained there, on the other clinic."""
    bundle = export(run, run / "bundle", with_weights=False)
    rows = read_source("isic2018-task1", isic)
    parts = read_split(RunFolder(run).split)
    sets = {"validation": rows_of_part(rows, parts, "validation")}
    if not read_recipe(RunFolder(run).recipe).data.further:
        others = read_source("ham10000", ham).join(rows, on="image_id", how="anti")
        sets["ham10000"] = others.sample(OTHER_CLINIC, seed=0).sort("image_id")
    return {name: evaluate_bundle(bundle, chosen, split=name) for name, chosen in sets.items()}


def row(name: str, text: str, now: dict[str, Evaluation], before: Any) -> dict[str, Any]:
    """Return one line of the table: scores, and the paired difference to the recipe changed."""
    line: dict[str, Any] = {"recipe": name, "change": text}
    for data in ("validation", "ham10000"):
        result = now.get(data)
        for metric in ("jaccard", "dice"):
            score = result.metrics[metric]["per_image"] if result else {}
            line |= {f"{data}_{metric}_{key}": score.get(key) for key in ("value", "low", "high")}
        gain = None
        if result and before and data in before:
            tables = [result.table], [before[data].table]
            gain = paired_difference(*tables, "jaccard_per_image", Bootstrap())
        for key in ("value", "low", "high"):
            line[f"{data}_jaccard_gain_{key}"] = getattr(gain, key, None)
    return line


def main(isic: Path, ham: Path, runs: Path) -> None:
    """Measure every run that has ended, in the recipes' order."""
    done: dict[str, dict[str, Evaluation]] = {}
    lines = []
    for recipe in sorted(RECIPES.glob("*.yaml")):
        if not RunFolder(runs / recipe.stem).tuned.is_file():
            continue
        text = recipe.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        number, changed = recipe.stem[:2], re.match(r"\d\d", text)
        done[number] = measure(runs / recipe.stem, isic, ham)
        lines.append(
            row(recipe.stem, text, done[number], done.get(changed[0]) if changed else None)
        )
        print(lines[-1])
    OUT.parent.mkdir(parents=True, exist_ok=True)
    write_text(OUT, pl.DataFrame(lines, infer_schema_length=None).write_csv(float_precision=4))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
