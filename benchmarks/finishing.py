"""What is done to a map of probabilities, and what each step gives: refinement, test-time flips.

Each shipped segmenter outlines its validation images four ways: as the net leaves them, refined
(largest part, holes filled, border smoothed), with the mean of four flipped copies' maps, and with
both. Writes ``results/segmentation/finishing.json``. The test part is not looked at.

    python benchmarks/finishing.py ISIC
"""

import sys
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lentigo.bundle import Bundle, bundle_names, load_bundle
from lentigo.data.manifest import group_ids
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.segmentation import count_pixels
from lentigo.files import write_json
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.read import read_mask
from lentigo.runtime.engines import Engine, Outputs
from lentigo.runtime.segmenter import Segmenter
from lentigo.study.masks import paired_difference, scores

OUT = Path(__file__).parents[1] / "results" / "segmentation" / "finishing.json"
FLIPS = ((), (1,), (2,), (1, 2))  # axes of N×H×W


@dataclass
class Flipped:
    """An engine that answers with the mean over an image's four flips."""

    engine: Engine

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def precision(self) -> str:
        return self.engine.precision

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.engine.outputs

    def run(self, batch: Pixels, wanted: Collection[str] = ("probability",)) -> Outputs:
        flipped = [self.engine.run(np.flip(batch, axes), wanted)["probability"] for axes in FLIPS]
        maps = [np.flip(plane, axes) for plane, axes in zip(flipped, FLIPS, strict=True)]
        return {"probability": np.mean(maps, axis=0, dtype=np.float32)}


def ways_of(bundle: Bundle) -> dict[str, Segmenter]:
    """Return the four ways to outline with a bundle."""
    ways = {}
    for name, refined in (("net alone", False), ("refined", True)):
        spec = bundle.spec.model_copy(update={"refine": refined})
        once, flipped = Segmenter(bundle), Segmenter(bundle)
        flipped.engine = Flipped(once.engine)
        for way, segmenter in ((name, once), (f"{name}, four flips", flipped)):
            # Given to Segmenter, it would be read again from its folder, which says to refine.
            segmenter.bundle = replace(bundle, spec=spec)
            ways[way] = segmenter
    return ways


def measure(name: str, isic: Path) -> dict[str, Any]:
    """Return each way's scores on a bundle's validation part, and its gain over the net alone."""
    bundle = load_bundle(name)
    rows = read_source("isic2018-task1", isic)
    rows = rows_of_part(rows, read_split(bundle.path / "split.csv"), "validation")
    rows = rows.with_columns(group_ids(rows).alias("group"))
    ways = ways_of(bundle)

    def outline(row: dict[str, Any]) -> list[dict[str, Any]]:
        truth = read_mask(row["mask"])
        lines = []
        for way, segmenter in ways.items():
            counts = count_pixels(segmenter.segment(row["image"], truth.shape).mask, truth)
            numbers = {key: int(getattr(counts, key)) for key in ("tp", "fp", "fn", "tn")}
            scored = {"dice": float(counts.dice), "jaccard": float(counts.jaccard)}
            lines.append({"way": way, **row, **numbers, **scored})
        return lines

    with ThreadPoolExecutor(2) as pool:
        lines = pool.map(outline, rows.select("image_id", "group", "image", "mask").to_dicts())
        table = pl.DataFrame([line for image in lines for line in image])
    tables = {way: [table.filter(pl.col("way") == way)] for way in ways}
    plain, bootstrap = tables["net alone"], Bootstrap()
    return {
        way: scores(own, bootstrap).as_json()
        | {"jaccard_gain": paired_difference(own, plain, "jaccard_per_image", bootstrap).as_json()}
        for way, own in tables.items()
    }


if __name__ == "__main__":
    names = [n for n in bundle_names() if load_bundle(n).spec.task == "segmentation"]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    write_json(OUT, {name: measure(name, Path(sys.argv[1])) for name in names})
    print(OUT.read_text(encoding="utf-8"))
