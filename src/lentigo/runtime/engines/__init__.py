"""Engines: what runs a bundle's ONNX model. All give the same answer within rounding."""

import importlib.util
import platform
from pathlib import Path

from lentigo.runtime.engines import onnxruntime, openvino
from lentigo.runtime.engines.base import ENGINES, OUTPUTS, Engine, Outputs

__all__ = ["ENGINES", "OUTPUTS", "Engine", "Outputs", "auto"]


@ENGINES.register("auto")
def auto(
    model_path: Path, threads: int | None = None, exact: bool = False, at_once: int = 1
) -> Engine:
    """Return the fastest engine here: OpenVINO on x86-64 where installed, else ONNX Runtime."""
    x86 = platform.machine().lower() in {"x86_64", "amd64"}
    if x86 and importlib.util.find_spec("openvino") is not None:
        return openvino.OpenVino(model_path, threads, exact, at_once)
    return onnxruntime.OnnxRuntime(model_path, threads, exact, at_once)
