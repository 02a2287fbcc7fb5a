"""The nets in engines that Lentigo does not ship: PyTorch, and OpenVINO in 8-bit integers."""

import sys
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lentigo.bundle import Bundle
from lentigo.imaging.arrays import Pixels
from lentigo.runtime.engines.base import OUTPUTS, Outputs, outputs_of


class Compiled:
    """A bundle's net in PyTorch, compiled with frozen weights: random ones, which cost the same.

    Args:
        bundle: Its net is built, and flipped as the bundle does; its weights are not read.
        bf16: Whether weights and activations are bfloat16; else float32.
    """

    def __init__(self, bundle: Bundle, bf16: bool) -> None:
        import torch  # noqa: PLC0415 (an extra)
        from torch._inductor import config  # noqa: PLC0415

        from lentigo.nets import build_net  # noqa: PLC0415 (needs torch)
        from lentigo.nets.flips import MeanOfFlips  # noqa: PLC0415

        config.freezing = True
        self.precision = "bfloat16" if bf16 else "float32"
        self._type = getattr(torch, self.precision)
        net = build_net(bundle.spec.net)
        if (bundle.spec.recipe or {}).get("test_time_flips"):
            net = MeanOfFlips(net)
        net.eval()
        self._net: Any = torch.compile(net.to(self._type, memory_format=torch.channels_last))

    def run(self, batch: Pixels, wanted: Collection[str] = ()) -> Outputs:
        import torch  # noqa: PLC0415

        with torch.inference_mode():
            pixels = torch.from_numpy(batch).permute(0, 3, 1, 2).to(self._type)
            return {"probability": self._net(pixels).float().sigmoid().numpy()}


class Int8:
    """A model in OpenVINO, weights and activations quantised by NNCF on some pictures."""

    name = "openvino-int8"
    precision = "int8"

    def __init__(self, model_path: Path, pictures: Sequence[Pixels]) -> None:
        # Both report their use to their makers when imported; without this package they cannot.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import nncf  # noqa: PLC0415 (only where it is installed)
        import openvino  # noqa: PLC0415

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
