"""The engines side by side on each shipped bundle: seconds an image and how far answers differ.

Each engine lives in a process of its own and works only in its turn. All bundles in all engines
take turns (A B C A B C …), so that a machine that slows down slows all of them, and ratios are of
neighbours in time. An engine that is not there is left out, and the result says why.
"""

import os
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from one_engine import LOADERS, PICTURES
from side_by_side import alternate, options, ratio, spread, write
from taking_turns import started

from lentigo.bundle import Bundle, bundle_names, load_bundle
from lentigo.runtime.engines import ENGINES

REFERENCE = "onnxruntime"
STUDYS_OWN = "vgg-segnet"
SHIPPED = ("onnxruntime", "openvino")
RANDOM = "torch.compile"  # its weights are not the bundle's

Line = dict[str, Any]


class Asks(Protocol):
    """The asking end of an engine."""

    def ask(self, request: dict[str, Any]) -> dict[str, Any]: ...


def measure(
    engines: Mapping[str, Asks], bundles: Mapping[str, Bundle], rounds: int, folder: Path
) -> dict[str, dict[str, Line]]:
    """Time each bundle in each engine, one image at a time, and compare their answers.

    Args:
        engines: By name.
        bundles: By name; the study's own is among them.
        rounds: How many turns each has.
        folder: Where answers are put.
    """
    told = {
        (name, engine): one.ask({"load": name, "answers": str(folder / f"{name}-{engine}.npy")})
        for name in bundles
        for engine, one in engines.items()
    }
    there = [pair for pair, answer in told.items() if "missing" not in answer]
    if missing := [name for name in bundles if (name, REFERENCE) not in there]:
        why = told[missing[0], REFERENCE]["missing"]
        raise SystemExit(f"all is compared with {REFERENCE}, which cannot be loaded: {why}")
    seconds = alternate(
        {(name, engine): partial(_turn, engines[engine], name) for name, engine in there},
        rounds,
        warm_ups=1,
    )
    result: dict[str, dict[str, Line]] = {name: {} for name in bundles}
    for (name, engine), answer in told.items():
        if (name, engine) not in there:
            result[name][engine] = {"left_out": answer["missing"]}
            continue
        own, spec = seconds[name, engine], bundles[name].spec
        line = result[name][engine] = {
            **answer,
            "size_px": list(spec.input.size_px),
            "in_lentigo": standing(engine, answer["precision"], bundles[name]),
            "images_a_turn": PICTURES,
            **spread(own),
            f"speed_against_{REFERENCE}": ratio(seconds[name, REFERENCE], own),
        }
        if engine != RANDOM:
            line["largest_difference"] = _difference(folder, name, engine)
        if line["in_lentigo"] != "no" and spec.task == "segmentation":
            line[f"speed_against_{STUDYS_OWN}"] = ratio(seconds[STUDYS_OWN, engine], own)
    return result


def standing(engine: str, precision: str, bundle: Bundle) -> str:
    """Return ``auto`` if Lentigo takes this engine by itself, ``yes`` if it can, else ``no``."""
    library = engine.partition("-")[0]
    if library not in SHIPPED:
        return "no"
    exact = bundle.spec.task == "classification"  # as Classifier asks, and Segmenter does not
    chosen, taken = (ENGINES[name](bundle.model_path, exact=exact) for name in (library, "auto"))
    if chosen.precision != precision:
        return "no"
    return "auto" if (taken.name, taken.precision) == (library, precision) else "yes"


def _turn(engine: Asks, name: str) -> float:
    return float(engine.ask({"turn": name})["seconds"])


def _difference(folder: Path, name: str, engine: str) -> float:
    own, reference = (np.load(folder / f"{name}-{one}.npy") for one in (engine, REFERENCE))
    return float(np.abs(own - reference).max())


if __name__ == "__main__":
    chosen = options(__doc__, rounds=30)
    shipped = {name: load_bundle(name) for name in bundle_names()}
    threads = len(os.sched_getaffinity(0))
    modules = {name: ("one_engine", {"engine": name, "threads": threads}) for name in LOADERS}
    with tempfile.TemporaryDirectory() as scratch, started(modules) as engines:
        measured = measure(engines, shipped, chosen.rounds, Path(scratch))
    write("engines", measured, chosen.out)
