"""One photo through the whole pipeline, warm and cold, against the same steps in eager PyTorch.

Warm: a file in, a finding with its pictures out, after three runs that do not count. Cold: the
command ``lentigo analyze one.jpg`` from the shell's prompt to its end. The limit of a warm run is
what nobody can leave out: decoding the file and the two nets.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from photos import write_photos
from side_by_side import alternate, options, ratio, spread, write

from lentigo import Analyzer
from lentigo.imaging.geometry import WORKING_SIDE_PX
from lentigo.imaging.read import read_photo

SIZES_PX = {"600×450": (450, 600), "1024×768": (768, 1024), "6000×4000": (4000, 6000)}
COLD_RUNS = 10
_LENTIGO = "from lentigo.cli import main; main()"


def warm(path: Path, analyzer: Analyzer, rounds: int) -> dict[str, Any]:
    """Time one photo in all ways."""
    from peers.eager import ENCODERS, Pipeline  # noqa: PLC0415 (torch is an extra)

    peers = {
        f"PyTorch {'bfloat16, channels last' if bf16 else 'float32'}, {name}": Pipeline(net, bf16)
        for name, net in ENCODERS.items()
        for bf16 in (False, True)
    }
    ways: dict[str, Callable[[], object]] = {
        "lentigo": lambda: analyzer.analyze(path),
        **{name: lambda peer=peer: peer.analyze(path) for name, peer in peers.items()},
        "limit": lambda: _least(path, analyzer),
    }
    timed = {name: lambda way=way: _seconds(way) for name, way in ways.items()}
    seconds = alternate(timed, rounds, warm_ups=3)
    own = seconds["lentigo"]
    return {
        "seconds": {name: spread(times) for name, times in seconds.items()},
        "speed_against": {
            name: ratio(times, own) for name, times in seconds.items() if name != "lentigo"
        },
    }


def _least(path: Path, analyzer: Analyzer) -> None:
    """Decode the photo as the pipeline does, and run both nets on what has their inputs' size."""
    read_photo(path, min_side_px=WORKING_SIDE_PX)
    for part in (analyzer.segmenter, analyzer.classifier):
        height, width = part.bundle.spec.input.size_px
        part.engine.run(np.zeros((1, height, width, 3), np.uint8))


def cold(path: Path, folder: Path, runs: int) -> dict[str, Any]:
    """Time the command from start to end, in a process of its own each time."""

    def run() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-c", _LENTIGO, "analyze", path, "--no-gate", "--out", folder]
        subprocess.run(command, check=True, capture_output=True)

    seconds = alternate({"lentigo analyze": lambda: _seconds(run)}, runs, warm_ups=1)
    return {name: spread(times) for name, times in seconds.items()}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    chosen = options(__doc__, rounds=100)
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        folder = Path(scratch)
        photos = {
            name: write_photos(folder / name, size, 1, 1)[0] for name, size in SIZES_PX.items()
        }
        cold_start = cold(photos["600×450"], folder / "out", min(COLD_RUNS, chosen.rounds))
        analyzer = Analyzer(gate=False)
        result = {
            "engine": analyzer.made_with.model_dump()["engine"],
            "cold": cold_start,
            "warm": {name: warm(path, analyzer, chosen.rounds) for name, path in photos.items()},
        }
    write("one_image", result, chosen.out)
