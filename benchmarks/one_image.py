"""One photo through the whole pipeline, warm and cold, against the same steps in eager PyTorch.

Warm: a file in, a finding with its pictures out, each way in a process of its own, in turns; a
turn's first run does not count. Cold: the command ``lentigo analyze one.jpg`` from the shell's
prompt to its end. The limit of a warm run is what nobody can leave out: decoding the file and the
two nets.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from one_way import LIMIT, OWN, PEERS, RUNS
from photos import write_photos
from side_by_side import alternate, options, ratio, spread, write
from taking_turns import Way, started

SIZES_PX = {"600×450": (450, 600), "1024×768": (768, 1024), "6000×4000": (4000, 6000)}
COLD_RUNS = 10
_LENTIGO = "from lentigo.cli import main; main()"


def modules(names: Iterable[str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return what :func:`taking_turns.started` starts each way by."""
    threads = len(os.sched_getaffinity(0))
    return {name: ("one_way", {"way": name, "threads": threads}) for name in names}


def warm(ways: Mapping[str, Way], path: Path, rounds: int) -> dict[str, Any]:
    """Time one photo in all ways; ratios are of the medians of neighbouring turns."""
    runs: dict[str, list[float]] = {name: [] for name in ways}

    def turn(name: str) -> float:
        seconds = ways[name].ask({"photo": str(path)})["seconds"]
        runs[name] += seconds
        return statistics.median(seconds)

    turns = alternate({name: partial(turn, name) for name in ways}, rounds, warm_ups=1)
    own = turns[OWN]
    return {
        "seconds": {name: spread(seconds[RUNS:]) for name, seconds in runs.items()},
        "speed_against": {name: ratio(times, own) for name, times in turns.items() if name != OWN},
    }


def cold(path: Path, folder: Path, runs: int) -> dict[str, Any]:
    """Time the command from start to end, in a process of its own each time."""

    def run() -> float:
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-c", _LENTIGO, "analyze", path, "--no-gate", "--out", folder]
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - begun

    seconds = alternate({"lentigo analyze": run}, runs, warm_ups=1)
    return {name: spread(times) for name, times in seconds.items()}


if __name__ == "__main__":
    chosen = options(__doc__, rounds=30)
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        folder = Path(scratch)
        photos = {
            name: write_photos(folder / name, size, 1, 1)[0] for name, size in SIZES_PX.items()
        }
        cold_start = cold(photos["600×450"], folder / "out", min(COLD_RUNS, chosen.rounds))
        with started(modules([OWN, *PEERS, LIMIT])) as ways:
            measured = {name: warm(ways, path, chosen.rounds) for name, path in photos.items()}
    write("one_image", {"cold": cold_start, "warm": measured}, chosen.out)
