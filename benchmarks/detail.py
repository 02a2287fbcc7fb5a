"""Does a photo's detail change its risk? Classifiers on HAM10000 at a short side of 75 and 150 px.

Users' photos hold more detail than the copies of HAM10000 at hand, 200×150 px. So a net that learnt
from copies of half their detail is asked about them as they are; and those that learnt from them as
they are, about copies of half their detail. All on their validation parts: the test part is not
looked at. Writes ``results/classification/detail.csv``: AUC, sensitivity and specificity at each
size, and the paired gain in AUC of 150 over 75 px.

    python benchmarks/detail.py copies HAM10000 HALF
    lentigo train recipes/classification/mobilenetv2-half-detail.yaml --root ham10000=HALF \\
        --root isic2017-part3=ISIC --out RUN
    lentigo export RUN --out RUN/mobilenetv2-half-detail
    python benchmarks/detail.py measure HAM10000 HALF RUN/mobilenetv2-half-detail BUNDLE...
"""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from ingredients import ROOT, auc_gain, columns
from PIL import Image

from lentigo.bundle import load_bundle
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.errors import LentigoError
from lentigo.evaluation.evaluate import evaluate_bundle
from lentigo.files import write_text

TABLE = ROOT / "results/classification/detail.csv"


def copy_all(ham: Path, half: Path) -> None:
    """Write the source with photos of half the size, and the masks as they are."""
    pictures = half / "HAM10000_images"
    pictures.mkdir(parents=True)

    def copy(path: Path) -> None:
        with Image.open(path) as image:
            size = image.width // 2, image.height // 2
            image.resize(size, Image.Resampling.LANCZOS).save(pictures / path.name, quality=92)

    with ThreadPoolExecutor() as pool:
        list(pool.map(copy, sorted((ham / pictures.name).glob("*.jpg"))))
    shutil.copy(ham / "HAM10000_metadata.csv", half)
    shutil.copytree(ham / "HAM10000_segmentations", half / "HAM10000_segmentations")


def row(sources: dict[str, pl.DataFrame], name: str) -> dict[str, Any]:
    """Return one bundle's line."""
    bundle = load_bundle(name, "classification")
    split = read_split(bundle.path / "split.csv")
    found = {
        size: evaluate_bundle(bundle, rows_of_part(rows, split, "validation"))
        for size, rows in sources.items()
    }
    one, other = (found[size].table for size in ("150_px", "75_px"))
    scores = {"gain": asdict(auc_gain(one, other))}
    for size, result in found.items():
        metrics: Any = result.metrics
        point = metrics["operating_points"][bundle.spec.default_operating_point]
        scores[f"{size}_auc"] = metrics["auc"]
        scores |= {f"{size}_{rate}": point[rate] for rate in ("sensitivity", "specificity")}
    return {"bundle": Path(name).name, "n": one.height} | columns(scores)


def measure(ham: Path, half: Path, names: list[str]) -> None:
    """Measure all bundles."""
    sources = {"75_px": read_source("ham10000", half), "150_px": read_source("ham10000", ham)}
    lines = [row(sources, name) for name in names]
    write_text(TABLE, pl.DataFrame(lines).write_csv(float_precision=4))
    print(f"written: {TABLE}")


if __name__ == "__main__":
    what, ham, half, *names = sys.argv[1:]
    try:
        if what == "copies":
            copy_all(Path(ham), Path(half))
        else:
            measure(Path(ham), Path(half), names)
    except LentigoError as error:
        raise SystemExit(str(error)) from error
