"""The nets in engines that Lentigo does not ship: PyTorch, and OpenVINO in 8-bit integers."""

import importlib.util
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import openvino
import torch

from lentigo.bundle import Bundle
from lentigo.imaging.arrays import Pixels
from lentigo.nets import build_net
from lentigo.runtime.engines.base import Outputs


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
    """A bundle's model in OpenVINO, weights and activations quantised by NNCF on some pictures."""

    precision = "int8"

    def __init__(self, bundle: Bundle, pictures: Sequence[Pixels]) -> None:
        import nncf  # noqa: PLC0415 (only where it is installed)

        whole = openvino.Core().read_model(bundle.model_path)
        small = nncf.quantize(
            whole,
            nncf.Dataset(list(pictures)),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(pictures),
        )
        self._model = openvino.compile_model(small, "CPU", {"PERFORMANCE_HINT": "LATENCY"})

    def run(self, batch: Pixels, wanted: Collection[str] = ()) -> Outputs:
        return {"probability": np.array(self._model({"image": batch})["probability"])}


def has_nncf() -> bool:
    """Tell whether there is what quantises."""
    return importlib.util.find_spec("nncf") is not None
