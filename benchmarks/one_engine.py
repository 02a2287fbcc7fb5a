"""An engine of ``engines.py``, in a process of its own: loads bundles and runs them when asked to.

Beside the engines that Lentigo has stand those that it could have had: PyTorch, compiled, and 8-bit
integers.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from side_by_side import FLAGS, describe_machine
from taking_turns import Asked

from lentigo.bundle import Bundle, load_bundle
from lentigo.errors import BundleError, UnknownNameError
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.geometry import Letterbox
from lentigo.runtime.engines import ENGINES, Outputs
from lentigo.synthetic import draw_lesion

PICTURES = 6
CALIBRATION = 60  # drawn pictures that 8-bit ranges are taken from
SETTLED_S = 0.3  # threads that look out for more work sleep after it, those of another engine too


class Model(Protocol):
    """A loaded model."""

    precision: str

    def run(self, batch: Pixels) -> Outputs: ...


def inputs_of(bundle: Bundle, count: int) -> list[Pixels]:
    """Return drawn lesions at a bundle's size, one a batch."""
    images = [draw_lesion(seed, fitzpatrick=1 + seed % 6).image for seed in range(count)]
    return [Letterbox(i.shape[:2], bundle.spec.input.size_px).image(i)[np.newaxis] for i in images]


def _bfloat16(bundle: Bundle) -> Model:
    model = ENGINES["openvino"](bundle.model_path)
    if model.precision != "bfloat16":
        raise BundleError("the processor has no bfloat16")
    return model


def _int8(bundle: Bundle) -> Model:
    from peers.engines import Int8  # noqa: PLC0415 (its library is installed by hand)

    return Int8(bundle.model_path, inputs_of(bundle, CALIBRATION))


def _compiled(bundle: Bundle) -> Model:
    from peers.engines import Compiled  # noqa: PLC0415 (torch is an extra)

    machine = describe_machine()
    try:
        return Compiled(bundle, bf16=any(machine[flag] for flag in FLAGS))
    except UnknownNameError as error:
        raise BundleError("several nets in one model, of which PyTorch has none") from error


LOADERS: dict[str, Callable[[Bundle], Model]] = {
    "onnxruntime": lambda bundle: ENGINES["onnxruntime"](bundle.model_path),
    "openvino-float32": lambda bundle: ENGINES["openvino"](bundle.model_path, exact=True),
    "openvino-bfloat16": _bfloat16,
    "openvino-int8": _int8,
    "torch.compile": _compiled,
}
"""What loads a bundle, by engine; behind a hyphen the precision, where an engine has several."""


class OneEngine:
    """Bundles in one engine.

    Args:
        name: Of ``LOADERS``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._loaded: dict[str, tuple[Model, list[Pixels]]] = {}

    def load(self, name: str, answers: Path) -> dict[str, Any]:
        """Load a bundle and write its answers; return its precision, or why there is none."""
        bundle = load_bundle(name)
        batches = inputs_of(bundle, PICTURES)
        try:
            model = LOADERS[self.name](bundle)
            told = [model.run(batch)["probability"] for batch in batches]  # a net is compiled here
        except (ImportError, BundleError, RuntimeError) as error:
            return {"missing": str(error).strip().partition("\n")[0]}
        np.save(answers, np.stack(told))
        self._loaded[name] = model, batches
        return {"precision": model.precision}

    def turn(self, name: str) -> dict[str, Any]:
        """Run each picture once, after a run that does not count; return the mean seconds."""
        model, batches = self._loaded[name]
        time.sleep(SETTLED_S)
        model.run(batches[0])
        started = time.perf_counter()
        for batch in batches:
            model.run(batch)
        return {"seconds": (time.perf_counter() - started) / len(batches)}


def main() -> None:
    asked = Asked()
    engine = OneEngine(asked.settings["engine"])
    while True:
        request = asked.hear()
        if "load" in request:
            asked.tell(engine.load(request["load"], Path(request["answers"])))
        else:
            asked.tell(engine.turn(request["turn"]))


if __name__ == "__main__":
    main()
