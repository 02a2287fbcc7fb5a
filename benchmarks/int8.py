"""What 8-bit integers cost in quality: each shipped bundle quantised by NNCF, then evaluated.

Ranges come from ``--calibration`` images of the training part, Dice and AUC from the validation
part; the test part is not looked at. The folder in ``LENTIGO_DATA`` holds the datasets. Needs
``pip install nncf``. Int8 would be worth shipping where it loses less than 0.3 points.
"""

import os
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

import polars as pl
from side_by_side import options, write

from lentigo.bundle import Bundle, bundle_names, load_bundle
from lentigo.data.manifest import usable_for
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.evaluate import evaluate_bundle
from lentigo.imaging.arrays import Pixels
from lentigo.runtime.engines import ENGINES, OUTPUTS, Engine, Outputs
from lentigo.runtime.engines.onnxruntime import OnnxRuntime

SOURCES = {"segmentation": "isic2018-task1", "classification": "ham10000"}
SCORES = {"segmentation": ("dice", "per_image"), "classification": ("auc",)}
MOST_LOST_POINTS = 0.3

seen: defaultdict[Path, list[Pixels]] = defaultdict(list)
"""By model, what it was shown of the training images."""


class Recording(OnnxRuntime):
    """An engine that keeps what it is shown."""

    def __init__(self, model_path: Path, threads: int | None = None, exact: bool = False) -> None:
        super().__init__(model_path, threads, exact)
        self._kept = seen[model_path]

    def run(self, batch: Pixels, wanted: Collection[str] = OUTPUTS) -> Outputs:
        self._kept.append(batch)
        return super().run(batch, wanted)


def int8(model_path: Path, threads: int | None = None, exact: bool = False) -> Engine:
    """Quantise a model on what it was shown."""
    from peers.engines import Int8  # noqa: PLC0415 (its library is installed by hand)

    return Int8(model_path, seen[model_path])


def measure(bundle: Bundle, data: Path, calibration: int, images: int) -> dict[str, Any]:
    """Return a bundle's score before and after, and how many points are lost."""
    task = bundle.spec.task
    name = SOURCES[task]
    rows = usable_for(read_source(name, data / name.replace("-", "_")), task)
    rows = rows.join(read_split(bundle.path / "split.csv"), on="image_id", suffix="_of_split")
    parts = {
        part: rows.filter(pl.col("part_of_split") == part).select(pl.exclude("part_of_split"))
        for part in ("train", "validation")
    }
    bootstrap = Bootstrap(draws=1)  # the intervals are not used
    sample = parts["train"].sample(calibration, seed=0)
    evaluate_bundle(bundle, sample, engine="recording", bootstrap=bootstrap)
    result: dict[str, Any] = {"calibration": calibration, "score": " ".join(SCORES[task])}
    for engine in ("onnxruntime", "int8"):
        metrics: Any = evaluate_bundle(
            bundle, parts["validation"].head(images), engine=engine, bootstrap=bootstrap
        ).metrics
        result["n"] = metrics["n"]
        for key in SCORES[task]:
            metrics = metrics[key]
        result[engine] = metrics["value"]
    lost = 100 * (result["onnxruntime"] - result["int8"])
    return result | {
        "lost_points": lost,
        "most_lost_points": MOST_LOST_POINTS,
        "good_enough": lost < MOST_LOST_POINTS,
    }


if __name__ == "__main__":
    chosen = options(__doc__, calibration=200, images=100_000)
    ENGINES.register("recording")(Recording)
    ENGINES.register("int8")(int8)
    data = Path(os.environ["LENTIGO_DATA"])
    shipped = [load_bundle(name) for name in bundle_names()]
    result = {
        bundle.spec.name: measure(bundle, data, chosen.calibration, chosen.images)
        for bundle in shipped
    }
    write("int8", result, chosen.out)
