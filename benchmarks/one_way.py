"""A way to analyse one photo, in a process of its own: a file in, a finding with its pictures out.

Each way keeps threads of its own, which spin while they wait for work; in one process they would
slow each other.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from taking_turns import Asked

from lentigo import Analyzer
from lentigo.imaging.geometry import WORKING_SIDE_PX
from lentigo.imaging.read import read_photo
from lentigo.runtime.classifier import Classifier

RUNS = 3  # a turn's runs that are timed, after one that is not
SETTLED_S = 0.3  # threads that look out for more work sleep after it, those of another way too

Analyse: TypeAlias = Callable[[Path], object]


def _lentigo(segmenter: str = "auto", classifier: str = "auto") -> Analyse:
    analyzer = Analyzer(engine=segmenter, gate=False)
    if classifier != segmenter:
        analyzer.classifier = Classifier(engine=classifier)
    return analyzer.analyze


def least(at_once: int = 1) -> Analyse:
    """Decode a photo as the pipeline does, and run both nets on what has their inputs' size."""
    analyzer = Analyzer(gate=False, at_once=at_once)

    def work(path: Path) -> None:
        read_photo(path, min_side_px=WORKING_SIDE_PX)
        for part in (analyzer.segmenter, analyzer.classifier):
            height, width = part.bundle.spec.input.size_px
            part.engine.run(np.zeros((1, height, width, 3), np.uint8))

    return work


def _eager(encoder: str, bf16: bool) -> Analyse:
    from peers.eager import ENCODERS, Pipeline  # noqa: PLC0415 (torch is an extra)

    return Pipeline(ENCODERS[encoder], bf16).analyze


OWN = "lentigo"
LIMIT = "limit"
PEERS: dict[str, Callable[[], Analyse]] = {
    f"PyTorch {'bfloat16, channels last' if bf16 else 'float32'}, {encoder}": partial(
        _eager, encoder, bf16
    )
    for encoder in ("the same encoder", "smp's default")
    for bf16 in (False, True)
}
ENGINES: dict[str, Callable[[], Analyse]] = {
    "the classifier by onnxruntime": partial(_lentigo, classifier="onnxruntime"),
    "both nets by onnxruntime": partial(_lentigo, "onnxruntime", "onnxruntime"),
}
WAYS: dict[str, Callable[[], Analyse]] = {OWN: _lentigo, LIMIT: least, **PEERS, **ENGINES}


def turn(analyse: Analyse, path: Path) -> list[float]:
    """Return the seconds of each run that is timed."""
    time.sleep(SETTLED_S)
    analyse(path)
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        analyse(path)
        seconds.append(time.perf_counter() - started)
    return seconds


def main() -> None:
    asked = Asked()
    analyse = WAYS[asked.settings["way"]]()
    while True:
        asked.tell({"seconds": turn(analyse, Path(asked.hear()["photo"]))})


if __name__ == "__main__":
    main()
