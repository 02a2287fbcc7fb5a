"""OpenVINO: the fastest engine on x86-64 processors, above all on those with bfloat16."""

import importlib
import sys
import threading
from collections.abc import Collection
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any

import numpy as np

from lentigo.errors import BundleError
from lentigo.imaging.arrays import Pixels
from lentigo.runtime.engines.base import ENGINES, OUTPUTS, Outputs, check_finite, outputs_of

_loading, _making = threading.Lock(), threading.Lock()


def load_openvino() -> ModuleType:
    """Return the package, loaded late as it takes long, and without its telemetry."""
    with _loading:
        # OpenVINO reports its use to its makers when imported; without this package it cannot.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        openvino = importlib.import_module("openvino")
        # With the first array that it hands out, it looks up NumPy, and lets go of Python's lock
        # halfway: two threads that come to this at once wait for each other for ever.
        _ = openvino.Tensor(np.zeros(1, np.float32)).data
    return openvino


@cache
def _core() -> Any:
    return load_openvino().Core()


def openvino_core() -> Any:
    """Return the process's one ``Core``.

    Each has a stack of its own for signals, and one that goes before a later one leaves signals a
    stack that is gone: the process would die of the next Ctrl-C.
    """
    with _making:
        return _core()


@ENGINES.register("openvino")
class OpenVino:
    """A model in OpenVINO, on the processor, in bfloat16 where it has that and may use it."""

    name = "openvino"

    def __init__(
        self,
        model_path: Path,
        threads: int | None = None,
        exact: bool = False,
        at_once: int = 1,
    ) -> None:
        core = openvino_core()
        bf16 = not exact and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = "bfloat16" if bf16 else "float32"
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": str(at_once),
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        }
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        try:
            model = core.compile_model(model_path, "CPU", settings)
        except RuntimeError as error:
            raise BundleError(f"{model_path}: OpenVINO cannot load it: {error}") from error
        self._model_path = model_path
        names = (name for output in model.outputs for name in output.names)
        self.outputs = outputs_of(model_path, names)
        # A request serves one caller at a time; more callers than these would wait for threads.
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(at_once):
            self._idle.put(model.create_infer_request())

    def run(self, batch: Pixels, wanted: Collection[str] = OUTPUTS) -> Outputs:
        """Return the wanted of the model's outputs for images N×H×W×C."""
        request = self._idle.get()
        try:
            request.infer({"image": batch})
            outputs = {
                name: np.array(request.get_tensor(name).data, dtype=np.float32)
                for name in self.outputs
                if name in wanted
            }
        finally:
            self._idle.put(request)
        return check_finite(self._model_path, outputs)
