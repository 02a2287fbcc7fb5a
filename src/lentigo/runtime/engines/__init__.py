"""Engines: what runs a bundle's ONNX model. All give the same answer within rounding."""

import importlib.util
import platform
from pathlib import Path

from lentigo.runtime.engines import onnxruntime, openvino
from lentigo.runtime.engines.base import ENGINES, OUTPUTS, Engine, Outputs

__all__ = ["ENGINES", "OUTPUTS", "Engine", "Outputs", "auto", "openvino_serves"]


@ENGINES.register("auto")
def auto(
    model_path: Path, threads: int | None = None, exact: bool = False, at_once: int = 1
) -> Engine:
    """Return the fastest engine here: OpenVINO on x86-64 where installed, else ONNX Runtime."""
    engine = openvino.OpenVino if openvino_serves() else onnxruntime.OnnxRuntime
    return engine(model_path, threads, exact, at_once)


def openvino_serves() -> bool:
    """Return whether OpenVINO is the fastest here: on x86-64, where it is installed."""
    x86 = platform.machine().lower() in {"x86_64", "amd64"}
    return x86 and importlib.util.find_spec("openvino") is not None
