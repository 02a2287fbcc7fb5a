"""The engines side by side on each shipped bundle: seconds an image and how far answers differ.

All bundles in all engines take turns (A B C A B C …), so that a machine that slows down slows all
of them, and ratios are of neighbours in time. Writes ``results/benchmarks/engines.json`` with the
machine's description.
"""

import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from lentigo.bundle import Bundle, bundle_names, load_bundle
from lentigo.files import write_json
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.geometry import Letterbox
from lentigo.runtime.engines import ENGINES
from lentigo.synthetic import draw_lesion

OUT = Path(__file__).parents[1] / "results" / "benchmarks" / "engines.json"
REFERENCE, *_ = ENGINES_TIMED = ("onnxruntime", "openvino")
STUDYS_OWN = "vgg-segnet"
ROUNDS = 60


def inputs_of(bundle: Bundle) -> list[Pixels]:
    """Return drawn lesions at a bundle's size, one a batch."""
    images = [draw_lesion(seed, fitzpatrick=1 + seed % 6).image for seed in range(6)]
    return [Letterbox(i.shape[:2], bundle.spec.input.size_px).image(i)[np.newaxis] for i in images]


def measure(bundles: dict[str, Bundle]) -> dict[str, dict[str, dict[str, Any]]]:
    """Time each bundle in each engine, one image at a time, and compare their answers."""
    batches = {name: inputs_of(bundle) for name, bundle in bundles.items()}
    pairs = [(name, engine) for name in bundles for engine in ENGINES_TIMED]
    loaded = {pair: ENGINES[pair[1]](bundles[pair[0]].model_path) for pair in pairs}
    answers = {
        pair: np.stack([model.run(batch)["probability"] for batch in batches[pair[0]]])
        for pair, model in loaded.items()
    }
    seconds: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    for turn in range(ROUNDS):
        for (name, engine), model in loaded.items():
            batch = batches[name][turn % len(batches[name])]
            started = time.perf_counter()
            model.run(batch)
            seconds[name, engine].append(time.perf_counter() - started)
    result: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in bundles}
    for (name, engine), times in seconds.items():
        distance = np.abs(answers[name, engine] - answers[name, REFERENCE])
        line = result[name][engine] = {
            "precision": loaded[name, engine].precision,
            "size_px": list(bundles[name].spec.input.size_px),
            "median_s": statistics.median(times),
            "p99_s": float(np.percentile(times, 99)),
            f"speed_against_{REFERENCE}": ratio(seconds[name, REFERENCE], times),
            "largest_difference": float(distance.max()),
        }
        if bundles[name].spec.task == "segmentation":
            line[f"speed_against_{STUDYS_OWN}"] = ratio(seconds[STUDYS_OWN, engine], times)
    return result


def ratio(others: list[float], own: list[float]) -> dict[str, float]:
    """Return how many times as fast as the others, turn by turn: median and quartiles."""
    low, median, high = np.quantile(np.divide(others, own), (0.25, 0.5, 0.75))
    return {"median": float(median), "low_quartile": float(low), "high_quartile": float(high)}


if __name__ == "__main__":
    machine = {"processor": platform.machine(), "cores": os.cpu_count()}
    bundles = {name: load_bundle(name) for name in bundle_names()}
    result = {"machine": machine} | measure(bundles)
    write_json(OUT, result)
    print(json.dumps(result, indent=2))
