"""A folder of photos against eager PyTorch with a ``DataLoader``, batches of 32, float32.

Photos of 1024×768 are analysed in ten blocks by each in turn, so that all blocks together are
``--images``; both write mask, overlay, crop and finding of each. The limit is what nobody can
leave out: decoding the files and the two nets, on every core. Then one run of a tenth of the images
and one of all of them, each in a process of its own, tell peak memory and busy cores.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from folder_way import LIMIT, OWN, PEERS
from photos import write_photos
from side_by_side import alternate, options, ratio, run_alone, spread, write
from taking_turns import started

SIZE_PX = (768, 1024)
DISTINCT = 40
_LENTIGO = "from lentigo.cli import main; main()"


def turns(paths: Sequence[Path], folder: Path, rounds: int) -> dict[str, Any]:
    """Time blocks of images in turns, each way in a process of its own."""
    about = {"folder": str(folder), "threads": len(os.sched_getaffinity(0))}
    modules = {name: ("folder_way", {"way": name, **about}) for name in (OWN, *PEERS, LIMIT)}
    asked = {"photos": [str(path) for path in paths]}
    with started(modules) as ways:
        timed = {
            name: lambda way=way: float(way.ask(asked)["seconds"]) for name, way in ways.items()
        }
        seconds = alternate(timed, rounds, warm_ups=1)
    return {
        "images_a_turn": len(paths),
        "seconds": {name: spread(times) for name, times in seconds.items()},
        "speed_against": {
            name: ratio(times, seconds[OWN]) for name, times in seconds.items() if name != OWN
        },
    }


def alone(paths: Sequence[Path], folder: Path) -> dict[str, Any]:
    """Return what one run of the command takes of memory and cores."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        options = ["--no-gate", "--out", out]
        used = run_alone([sys.executable, "-c", _LENTIGO, "analyze", *map(str, paths), *options])
    return {
        "images": len(paths),
        "seconds": used.seconds,
        "busy_cores_share": used.busy_s / (used.seconds * len(os.sched_getaffinity(0))),
        "peak_memory_mb": used.peak_memory_mb,
    }


if __name__ == "__main__":
    chosen = options(__doc__, images=2000, rounds=10)
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        folder = Path(scratch)
        photos = write_photos(folder / "photos", SIZE_PX, chosen.images, DISTINCT)
        block = photos[: -(-chosen.images // chosen.rounds)]
        by_itself = [alone(part, folder) for part in (block, photos)]
        result = {"size_px": list(SIZE_PX)} | turns(block, folder, chosen.rounds)
    write("folder", result | {"alone": by_itself}, chosen.out)
