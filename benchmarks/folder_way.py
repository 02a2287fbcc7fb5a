"""A way to analyse a folder of photos, in a process of its own (see ``one_way.py`` for why)."""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from taking_turns import Asked

Analyse: TypeAlias = Callable[[Sequence[Path], Path], None]
OWN = "lentigo"
LIMIT = "limit"


def _lentigo() -> Analyse:
    from lentigo import Analyzer  # noqa: PLC0415 (each way loads its own libraries alone)
    from lentigo.report import write_report  # noqa: PLC0415
    from lentigo.runtime.batch import analyze_many  # noqa: PLC0415
    from lentigo.runtime.cores import at_once  # noqa: PLC0415

    analyzer = Analyzer(gate=False, at_once=at_once())

    def analyse(paths: Sequence[Path], out: Path) -> None:
        write_report(analyze_many(analyzer, paths, out), out)

    return analyse


def _least() -> Analyse:
    """Decode the photos and run both nets, on as many at once as a folder's analysis does."""
    from one_way import least  # noqa: PLC0415

    from lentigo.runtime.cores import at_once  # noqa: PLC0415

    work = least(at_once())

    def analyse(paths: Sequence[Path], out: Path) -> None:
        with ThreadPoolExecutor(len(os.sched_getaffinity(0)) + 1) as pool:
            deque(pool.map(work, paths), maxlen=0)

    return analyse


def _eager(encoder: str) -> Analyse:
    from peers.eager import ENCODERS, Pipeline, analyze_folder  # noqa: PLC0415 (an extra)

    return partial(analyze_folder, Pipeline(ENCODERS[encoder]))


PEERS: dict[str, Callable[[], Analyse]] = {
    f"PyTorch float32, {encoder}": partial(_eager, encoder)
    for encoder in ("the same encoder", "smp's default")
}
WAYS: dict[str, Callable[[], Analyse]] = {OWN: _lentigo, LIMIT: _least, **PEERS}


def main() -> None:
    asked = Asked()
    analyse = WAYS[asked.settings["way"]]()
    while True:
        paths = [Path(path) for path in asked.hear()["photos"]]
        with TemporaryDirectory(dir=asked.settings["folder"]) as out:
            started = time.perf_counter()
            analyse(paths, Path(out))
            asked.tell({"seconds": time.perf_counter() - started})


if __name__ == "__main__":
    main()
