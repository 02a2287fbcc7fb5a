"""The engines side by side on each shipped bundle: seconds an image and how far answers differ.

All bundles in all engines take turns (A B C A B C …), so that a machine that slows down slows all
of them, and ratios are of neighbours in time. A turn begins once the threads of the one before,
which look out for more work for a while, sleep, and with a run that does not count. Beside the
engines that Lentigo has stand those that it could have had: PyTorch, eager and compiled, and 8-bit
integers where NNCF is installed.
"""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np
from side_by_side import alternate, options, ratio, spread, write

from lentigo.bundle import Bundle, bundle_names, load_bundle
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.geometry import Letterbox
from lentigo.runtime.engines import ENGINES, Outputs
from lentigo.synthetic import draw_lesion

REFERENCE = "onnxruntime"
STUDYS_OWN = "vgg-segnet"
SHIPPED = ("onnxruntime", "openvino")
PICTURES = 6
SETTLED_S = 0.3
CALIBRATION = 60  # drawn pictures that 8-bit ranges are taken from


class Model(Protocol):
    """A loaded model."""

    precision: str

    def run(self, batch: Pixels) -> Outputs: ...


def inputs_of(bundle: Bundle, count: int = PICTURES) -> list[Pixels]:
    """Return drawn lesions at a bundle's size, one a batch."""
    images = [draw_lesion(seed, fitzpatrick=1 + seed % 6).image for seed in range(count)]
    return [Letterbox(i.shape[:2], bundle.spec.input.size_px).image(i)[np.newaxis] for i in images]


def load(bundle: Bundle) -> dict[str, Model]:
    """Return a bundle's model in each engine, by name."""
    from peers import engines as peers  # noqa: PLC0415 (torch is an extra)

    models: dict[str, Model] = {name: ENGINES[name](bundle.model_path) for name in SHIPPED}
    models["openvino-exact"] = ENGINES["openvino"](bundle.model_path, exact=True)
    models["torch"] = peers.Torch(bundle, compiled=False)
    models["torch.compile"] = peers.Torch(bundle, compiled=True)
    if peers.has_nncf():
        models["openvino-int8"] = peers.Int8(bundle.model_path, inputs_of(bundle, CALIBRATION))
    return models


def measure(bundles: Mapping[str, Bundle], rounds: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Time each bundle in each engine, one image at a time, and compare their answers."""
    batches = {name: inputs_of(bundle) for name, bundle in bundles.items()}
    loaded = {
        (name, engine): model
        for name, bundle in bundles.items()
        for engine, model in load(bundle).items()
    }
    ways = {pair: partial(_turn, model, batches[pair[0]]) for pair, model in loaded.items()}
    seconds = alternate(ways, rounds, warm_ups=1)
    result: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in bundles}
    for (name, engine), times in seconds.items():
        line = result[name][engine] = {
            "precision": loaded[name, engine].precision,
            "size_px": list(bundles[name].spec.input.size_px),
            **spread(times),
            f"speed_against_{REFERENCE}": ratio(seconds[name, REFERENCE], times),
        }
        if "torch" not in engine:  # whose weights are not the bundle's
            line["largest_difference"] = _difference(loaded, name, engine, batches[name])
        if engine in SHIPPED and bundles[name].spec.task == "segmentation":
            line[f"speed_against_{STUDYS_OWN}"] = ratio(seconds[STUDYS_OWN, engine], times)
    return result


def _turn(model: Model, batches: list[Pixels]) -> float:
    batches.append(batches.pop(0))  # another picture every time
    time.sleep(SETTLED_S)
    model.run(batches[-1])
    started = time.perf_counter()
    model.run(batches[0])
    return time.perf_counter() - started


def _difference(
    loaded: Mapping[tuple[str, str], Model], name: str, engine: str, batches: list[Pixels]
) -> float:
    own, reference = (
        np.stack([loaded[name, one].run(batch)["probability"] for batch in batches])
        for one in (engine, REFERENCE)
    )
    return float(np.abs(own - reference).max())


if __name__ == "__main__":
    chosen = options(__doc__, rounds=30)
    shipped = {name: load_bundle(name) for name in bundle_names()}
    write("engines", measure(shipped, chosen.rounds), chosen.out)
