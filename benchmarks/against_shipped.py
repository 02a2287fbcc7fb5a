"""Classifiers that might be shipped, beside the one that is, on the validation part alone.

    python benchmarks/against_shipped.py HAM10000 BUNDLE...

Writes ``results/classification/against_shipped.csv``: each bundle's AUC, its paired difference to
the shipped one's, and that of the mean of both in logits, with intervals over lesions. Lines of
bundles that are not named stay, as long as the shipped one is the same. The test part is not looked
at, so that it can still judge what is shipped next.
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from ingredients import OUTLINES, ROOT, auc_gain, columns
from scipy.special import expit, logit

from lentigo.bundle import Bundle, load_bundle
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.errors import LentigoError
from lentigo.evaluation.evaluate import Evaluation, evaluate_bundle
from lentigo.evaluation.ratios import Floats
from lentigo.files import write_text

SHIPPED = "mobilenetv2"
TABLE = ROOT / "results/classification/against_shipped.csv"
SAME_AUC = 1e-3
"""Processors round differently; another classifier's AUC differs by more."""
_BOUND = 1e-7


def measure(bundle: Bundle, rows: pl.DataFrame) -> Evaluation:
    """Evaluate a bundle on the validation part of its own split."""
    part = rows_of_part(rows, read_split(bundle.path / "split.csv"), "validation")
    return evaluate_bundle(bundle, part, split="validation", outlines=OUTLINES)


def logits_of(probability: pl.Series) -> Floats:
    """Return the logits of probabilities, finite at 0 and 1 too."""
    return np.asarray(logit(probability.to_numpy().clip(_BOUND, 1 - _BOUND)))


def mean_of(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return the first table with the probabilities of both, meaned in logits."""
    both = one.join(other.select("image_id", other="probability"), on="image_id")
    logits = [logits_of(both[name]) for name in ("probability", "other")]
    return both.with_columns(probability=pl.Series(expit(np.mean(logits, axis=0)))).drop("other")


def row(bundle: Bundle, found: Evaluation, shipped: Evaluation) -> dict[str, Any]:
    """Return one bundle's line."""
    metrics: Any = found.metrics
    recipe: Any = bundle.spec.recipe
    line = {"bundle": bundle.spec.name, "seed": recipe["seed"], "n": metrics["n"]}
    gains = {"gain": found.table, "mean_of_both_gain": mean_of(found.table, shipped.table)}
    intervals = {"auc": metrics["auc"]} | {
        name: asdict(auc_gain(table, shipped.table)) for name, table in gains.items()
    }
    return line | columns(intervals)


def main(root: Path, others: list[str]) -> None:
    """Measure all, the shipped one first."""
    rows = read_source("ham10000", root)
    shipped_bundle = load_bundle(SHIPPED, "classification")
    shipped = measure(shipped_bundle, rows)
    lines = [row(shipped_bundle, shipped, shipped)]
    for name in others:
        bundle = load_bundle(name, "classification")
        lines.append(row(bundle, measure(bundle, rows), shipped))
    write_text(TABLE, kept(pl.DataFrame(lines)).write_csv(float_precision=4))
    print(f"written: {TABLE}")


def kept(measured: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of the table there is that still hold, and those just measured."""
    if not TABLE.is_file():
        return measured
    before = pl.read_csv(TABLE)
    same = abs(before["auc_value"][0] - measured["auc_value"][0]) < SAME_AUC
    if before["bundle"][0] != SHIPPED or not same:
        return measured
    others = before[1:].filter(~pl.col("bundle").is_in(measured["bundle"].implode()))
    return pl.concat((measured[:1], others, measured[1:]), how="vertical_relaxed")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except LentigoError as error:
        raise SystemExit(str(error)) from error
