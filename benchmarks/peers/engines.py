"""The nets in engines that Lentigo does not ship: PyTorch, and OpenVINO in 8-bit integers."""

import importlib.util
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch

from lentigo.bundle import Bundle
from lentigo.imaging.arrays import Pixels
from lentigo.nets import build_net
from lentigo.runtime.engines.base import OUTPUTS, Outputs, outputs_of


class Torch:
    """A bundle's net in PyTorch, eager or compiled, with random weights, which cost the same."""

    precision = "float32"

    def __init__(self, bundle: Bundle, compiled: bool) -> None:
        self._net: Any = build_net(bundle.spec.net).eval()
        if compiled:
            self._net = torch.compile(self._net)

    @torch.inference_mode()
    def run(self, batch: Pixels, wanted: Collection[str] = ()) -> Outputs:
        pixels = torch.from_numpy(batch).permute(0, 3, 1, 2).float()
        return {"probability": self._net(pixels).sigmoid().numpy()}


class Int8:
    """A model in OpenVINO, weights and activations quantised by NNCF on some pictures."""

    name = "openvino-int8"
    precision = "int8"

    def __init__(self, model_path: Path, pictures: Sequence[Pixels]) -> None:
        import nncf  # noqa: PLC0415 (only where it is installed)

        small = nncf.quantize(
            openvino.Core().read_model(model_path),
            nncf.Dataset(list(pictures)),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(pictures),
        )
        model = openvino.compile_model(small, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self.outputs = outputs_of(model_path, (n for out in model.outputs for n in out.names))
        self._request, self._lock = model.create_infer_request(), threading.Lock()

    def run(self, batch: Pixels, wanted: Collection[str] = OUTPUTS) -> Outputs:
        with self._lock:
            self._request.infer({"image": batch})
            return {
                name: np.array(self._request.get_tensor(name).data, dtype=np.float32)
                for name in self.outputs
                if name in wanted
            }


def has_nncf() -> bool:
    """Tell whether there is what quantises."""
    return importlib.util.find_spec("nncf") is not None
