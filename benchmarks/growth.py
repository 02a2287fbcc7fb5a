"""How work on a dataset grows: audit, split, prepare and batch at 1,000, 10,000 and more images.

Every image is a small JPEG of its own. Each step at each size runs in a process of its own, which
tells its seconds and its peak memory; sizes take turns. A batch is dearer, so that it stops at
``--batch`` images. Time an image is to stay as it is at the smallest size, and memory too.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image
from side_by_side import alternate, options, ratio, run_alone, spread, write

from lentigo.data.manifest import build_manifest
from lentigo.synthetic import draw_lesion

SIZE_PX = (48, 64)
SHAPES = 16


def write_images(folder: Path, images: int) -> None:
    """Write small photos, no two alike: a drawn lesion, turned, moved, and noise."""
    folder.mkdir()
    height, width = SIZE_PX
    shapes = [
        np.asarray(Image.fromarray(draw_lesion(seed).image).resize((width, height)), np.int16)
        for seed in range(SHAPES)
    ]
    generator = np.random.default_rng(0)
    for at in range(images):
        coarse = Image.fromarray(generator.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        marks = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16) - 128
        pixels = np.roll(shapes[at % SHAPES], at % 31, 1) + marks // 2
        picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        picture.save(folder / f"image-{at:06d}.jpg", quality=90)


def audit(manifest: pl.DataFrame, scratch: Path) -> None:
    from lentigo.data.audit import audit  # noqa: PLC0415 (only this step's process needs it)

    audit([manifest])


def split(manifest: pl.DataFrame, scratch: Path) -> None:
    from lentigo.data.splits import split  # noqa: PLC0415

    split(manifest, {"train": 0.7, "validation": 0.15, "test": 0.15}, seed=0)


def prepare(manifest: pl.DataFrame, scratch: Path) -> None:
    from lentigo.data.prepared import prepare  # noqa: PLC0415

    prepare(manifest, (32, 32), scratch)


def batch(manifest: pl.DataFrame, scratch: Path) -> None:
    from lentigo import Analyzer  # noqa: PLC0415
    from lentigo.report import write_report  # noqa: PLC0415
    from lentigo.runtime.batch import analyze_many  # noqa: PLC0415
    from lentigo.runtime.cores import at_once  # noqa: PLC0415

    images = [Path(path) for path in manifest["image"]]
    analyzer = Analyzer(gate=False, at_once=at_once(len(images)))
    write_report(analyze_many(analyzer, images, scratch), scratch)


STEPS: dict[str, Callable[[pl.DataFrame, Path], None]] = {
    "audit": audit,
    "split": split,
    "prepare": prepare,
    "batch": batch,
}


def run_step(name: str, folder: Path, images: int, told: Path) -> None:
    """Run one step in this process; its seconds, without imports, go to a file."""
    paths = [str(path) for path in sorted(folder.iterdir())[:images]]
    ids = [Path(path).stem for path in paths]
    manifest = build_manifest(pl.DataFrame({"image_id": ids, "image": paths}), "csv")
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LENTIGO_CACHE"] = scratch  # nothing is found done already
        STEPS[name](manifest.head(8), Path(scratch) / "warm")
        started = time.perf_counter()
        STEPS[name](manifest, Path(scratch) / "cold")
    told.write_text(str(time.perf_counter() - started), encoding="utf-8")


def measure(name: str, folder: Path, sizes: Sequence[int], rounds: int) -> dict[str, Any]:
    """Time one step at every size in turns."""
    peaks: dict[int, float] = {}

    def turn(images: int) -> float:
        with tempfile.TemporaryDirectory() as scratch:
            told = Path(scratch) / "seconds"
            step = ["--step", name, "--folder", str(folder), "--told", str(told)]
            used = run_alone([sys.executable, __file__, *step, "--images", str(images)])
            peaks[images] = used.peak_memory_mb
            return float(told.read_text(encoding="utf-8")) / images

    seconds = alternate({str(n): lambda n=n: turn(n) for n in sizes}, rounds)
    smallest = seconds[str(sizes[0])]
    return {
        str(images): {
            "seconds_an_image": spread(seconds[str(images)]),
            "time_an_image_against_smallest": ratio(seconds[str(images)], smallest),
            "peak_memory_mb": peaks[images],
        }
        for images in sizes
    }


def _step() -> None:
    parser = argparse.ArgumentParser()
    for option, kind in {"step": str, "folder": Path, "told": Path, "images": int}.items():
        parser.add_argument(f"--{option}", type=kind, required=True)
    chosen = parser.parse_args()
    run_step(chosen.step, chosen.folder, chosen.images, chosen.told)


def _all() -> None:
    chosen = options(__doc__, images=100_000, batch=10_000, rounds=3)
    sizes = [images for images in (1000, 10_000, 100_000) if images <= chosen.images]
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        folder = Path(scratch) / "images"
        write_images(folder, sizes[-1])
        result = {}
        for name in STEPS:
            most = chosen.batch if name == "batch" else sizes[-1]
            fitting = [images for images in sizes if images <= most] or sizes[:1]
            result[name] = measure(name, folder, fitting, chosen.rounds)
            print(f"{name}: done", flush=True)
    write("growth", {"size_px": list(SIZE_PX)} | result, chosen.out)


if __name__ == "__main__":
    _step() if "--step" in sys.argv else _all()
