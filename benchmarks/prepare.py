"""Preparing photos for training: ``lentigo.data.prepared`` against Pillow and OpenCV.

Large photos are measured in ten blocks, so that all of them together are ``--images``; of small
ones each turn takes all. Both kinds come from the page cache. Beside the speed stands how far the
pixels are from an exact resize by area, and the limit: JPEG's scaled decoding and nothing else.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from photos import write_photos
from PIL import Image
from side_by_side import alternate, options, ratio, spread, write

from lentigo.data.manifest import build_manifest
from lentigo.data.prepared import fit, prepare
from lentigo.imaging.geometry import Letterbox

SIZE_PX = (256, 256)
KINDS = {"large": (4000, 6000), "small": (768, 1024)}
DISTINCT = 12
COMPARED = 8


def measure(folder: Path, size_px: tuple[int, int], block: int, rounds: int) -> dict[str, Any]:
    """Time all ways on one size of photo."""
    from peers import preparing  # noqa: PLC0415 (its libraries are an extra)

    paths = write_photos(folder / "photos", size_px, block, DISTINCT)
    ways = {
        "lentigo": lambda: _timed(lambda: _own(paths, folder)),
        **{
            name: lambda way=way: _timed(lambda: preparing.prepare(way, paths, folder / "peer.npy"))
            for name, way in preparing.PEERS.items()
        },
        "decode only": lambda: _timed(lambda: preparing.decode(paths)),
    }
    seconds = alternate(ways, rounds)
    own = seconds["lentigo"]
    return {
        "size_px": list(size_px),
        "file_bytes": int(np.mean([path.stat().st_size for path in paths[:DISTINCT]])),
        "images_a_turn": block,
        "seconds": {name: spread(times) for name, times in seconds.items()},
        "speed_against": {
            name: ratio(times, own) for name, times in seconds.items() if name != "lentigo"
        },
        "mean_difference": float(np.mean([_difference(path) for path in paths[:COMPARED]])),
    }


def _own(paths: Sequence[Path], folder: Path) -> None:
    ids = [path.stem for path in paths]
    rows = pl.DataFrame({"image_id": ids, "image": [str(path) for path in paths]})
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        prepare(build_manifest(rows, "csv"), SIZE_PX, Path(cache))


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _difference(path: Path) -> float:
    """Return the mean distance, in grey levels, from the whole photo's exact resize by area."""
    with Image.open(path) as image:
        inner = Letterbox((image.height, image.width), SIZE_PX).inner
        planes = [
            plane.convert("F").resize((inner.width, inner.height), Image.Resampling.BOX)
            for plane in image.convert("RGB").split()
        ]
    found, _ = fit(str(path), None, SIZE_PX)
    return float(np.abs(found[inner.slices] - np.dstack(planes)).mean())


if __name__ == "__main__":
    chosen = options(__doc__, images=2000, rounds=10)
    blocks = {"large": -(-chosen.images // chosen.rounds), "small": chosen.images}
    result = {}
    for kind, size in KINDS.items():
        with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
            result[kind] = measure(Path(scratch), size, blocks[kind], chosen.rounds)
    write("prepare", result, chosen.out)
