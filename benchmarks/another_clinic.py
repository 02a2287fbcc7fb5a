"""A classifier on another clinic's images: as they are, and made as small as those it learnt from.

Measures bundles that never saw ISIC 2017 on all of its images at hand, ranked by the risk of
malignancy and by the share of melanoma alone, which is what is asked there; then on copies with a
short side of 150 px, HAM10000's here. Gains are paired, to the same bundle's first line. Writes
``results/classification/another-clinic.csv``. ISIC holds ISIC 2018 Task 1 with ISIC 2017's
diagnoses.

    python benchmarks/another_clinic.py ISIC BUNDLE...
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from ingredients import ROOT, auc_gain, columns
from PIL import Image
from resolution import copy_at

from lentigo.bundle import Bundle, load_bundle
from lentigo.data.sources import read_source
from lentigo.errors import LentigoError
from lentigo.evaluation.evaluate import evaluate_bundle
from lentigo.files import write_text

SHORT_SIDE_PX = 150
TABLE = ROOT / "results/classification/another-clinic.csv"


def reduced(rows: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Return the rows with copies of their images, whose short side has ``SHORT_SIDE_PX``."""

    def copy(path: str) -> str:
        out = folder / f"{Path(path).stem}.png"
        with Image.open(path) as image:
            Image.fromarray(copy_at(image, SHORT_SIDE_PX)).save(out)
        return str(out)

    with ThreadPoolExecutor() as pool:
        return rows.with_columns(image=pl.Series(list(pool.map(copy, rows["image"]))))


def by_melanoma(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose probability is the share of melanoma."""
    shares = [json.loads(told)["mel"] for told in table["diagnoses_uncalibrated"]]
    return table.with_columns(probability=pl.Series(shares))


def rows_of(bundle: Bundle, pictures: dict[str, pl.DataFrame]) -> Iterator[dict[str, Any]]:
    """Yield a bundle's lines: each kind of pictures, ranked in both ways."""
    first = None
    for name, rows in pictures.items():
        found = evaluate_bundle(bundle, rows).table.drop_nulls("probability")
        for ranking, table in (("malignant", found), ("melanoma", by_melanoma(found))):
            first = table if first is None else first
            scores = {"auc": auc(table), "gain": asdict(auc_gain(table, first))}
            yield {
                "bundle": bundle.spec.name,
                "images": name,
                "ranked_by": ranking,
                "n": table.height,
            } | columns(scores)


def auc(table: pl.DataFrame) -> dict[str, Any]:
    """Return the AUC, by its gain over chance, of which nothing tells anything."""
    chance = table.with_columns(probability=pl.lit(0.5))
    return {end: value + 0.5 for end, value in asdict(auc_gain(table, chance)).items()}


def main(root: Path, names: list[str]) -> None:
    """Measure all bundles."""
    rows = read_source("isic2017-part3", root).drop_nulls("label")
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        small = reduced(rows, Path(scratch))
        pictures = {"as they are": rows, f"short side of {SHORT_SIDE_PX} px": small}
        bundles = [load_bundle(name, "classification") for name in names]
        lines = [line for bundle in bundles for line in rows_of(bundle, pictures)]
    write_text(TABLE, pl.DataFrame(lines).write_csv(float_precision=4))
    print(f"written: {TABLE}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except LentigoError as error:
        raise SystemExit(str(error)) from error
