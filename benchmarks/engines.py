"""The engines side by side on each shipped bundle: seconds an image and how far answers differ.

Runs take turns (A B A B …), so that a machine that slows down slows all of them. Writes
``results/benchmarks/engines.json`` with the machine's description.
"""

import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from lentigo.bundle import bundle_names, load_bundle
from lentigo.files import write_json
from lentigo.imaging.geometry import Letterbox
from lentigo.runtime.engines import ENGINES
from lentigo.synthetic import draw_lesion

OUT = Path(__file__).parents[1] / "results" / "benchmarks" / "engines.json"
ENGINES_TIMED = ("onnxruntime", "openvino")
ROUNDS = 30


def measure(name: str) -> dict[str, object]:
    """Time each engine on one bundle, one image at a time."""
    bundle = load_bundle(name)
    size_px = bundle.spec.input.size_px
    images = [draw_lesion(seed, fitzpatrick=1 + seed % 6).image for seed in range(6)]
    batches = [Letterbox(i.shape[:2], size_px).image(i)[np.newaxis] for i in images]
    engines = {engine: ENGINES[engine](bundle.model_path) for engine in ENGINES_TIMED}
    answers = {e: np.stack([model.run(b) for b in batches]) for e, model in engines.items()}
    seconds: dict[str, list[float]] = {engine: [] for engine in engines}
    for turn in range(ROUNDS):
        for engine, model in engines.items():
            started = time.perf_counter()
            model.run(batches[turn % len(batches)])
            seconds[engine].append(time.perf_counter() - started)
    reference, *others = ENGINES_TIMED
    return {
        engine: {
            "precision": engines[engine].precision,
            "median_s": statistics.median(seconds[engine]),
            "p99_s": float(np.percentile(seconds[engine], 99)),
            "speed_against_onnxruntime": statistics.median(
                a / b for a, b in zip(seconds[reference], seconds[engine], strict=True)
            ),
            "largest_difference": float(np.abs(answers[engine] - answers[reference]).max()),
        }
        for engine in (reference, *others)
    }


if __name__ == "__main__":
    machine = {"processor": platform.machine(), "cores": os.cpu_count()}
    result = {"machine": machine} | {name: measure(name) for name in bundle_names()}
    write_json(OUT, result)
    print(json.dumps(result, indent=2))
