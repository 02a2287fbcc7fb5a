"""A bundle checked beyond its sums: would anyone notice if its weights were broken?"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lentigo.bundle import Bundle, load_bundle
from lentigo.errors import BundleError
from lentigo.runtime.answer import answer
from lentigo.runtime.engines import ENGINES, OUTPUTS


def verify_bundle(bundle: Bundle) -> tuple[str, ...]:
    """Check a bundle's files, weights and answer.

    Returns:
        What was checked, in words.

    Raises:
        BundleError: A file was changed, a weight is not finite, the model keeps data outside its
            own file, or it does not answer as its task asks.
    """
    load_bundle(bundle.path)
    checks = [f"{len(bundle.spec.files)} files have the SHA-256 that bundle.json lists"]
    checks.append(f"{_check_onnx(bundle.model_path):,} weights in model.onnx are finite")
    for name in sorted(bundle.spec.files):
        if name.endswith(".safetensors"):
            count = _check_safetensors(bundle.path / name)
            checks.append(f"{count:,} weights in {name} are finite")
    checks.extend(_check_answer(bundle))
    return tuple(checks)


def _check_onnx(path: Path) -> int:
    import onnx  # noqa: PLC0415 (slow to import; needed for this check alone)
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # noqa: PLC0415

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise BundleError(f"{path}: is not an ONNX model ({error})") from error
    total = 0
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise BundleError(f"{path}: '{tensor.name}' lies in another file; embed it")
        total += _check_finite(path, tensor.name, onnx.numpy_helper.to_array(tensor))
    return total


def _check_safetensors(path: Path) -> int:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load_file  # noqa: PLC0415

    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise BundleError(f"{path}: is not a safetensors file ({error})") from error
    return sum(_check_finite(path, name, values) for name, values in weights.items())


def _check_finite(path: Path, name: str, values: NDArray[np.generic]) -> int:
    if not np.isfinite(values.astype(np.float32)).all():
        raise BundleError(f"{path}: weight '{name}' holds values that are not finite")
    return values.size


def _check_answer(bundle: Bundle) -> Iterator[str]:
    """Run two flat images, one dark and one bright, through the reference engine."""
    shape = (*bundle.spec.input.size_px, bundle.spec.input.view.channels)
    batch = np.stack([np.full(shape, grey, np.uint8) for grey in (40, 200)])
    told = answer(bundle, ENGINES["onnxruntime"](bundle.model_path, None), batch, OUTPUTS)
    if told.probability.min() < 0 or told.probability.max() > 1:
        raise BundleError(f"{bundle.model_path}: its probabilities leave 0–1")
    yield "the model answers with probabilities of the right shape"
    if told.diagnoses is not None:
        yield f"its shares of {told.diagnoses.shape[1]} diagnoses sum to 1"
    if told.heat is not None:
        height, width = told.heat.shape[1:]
        yield f"it gives a heat map of {height}×{width} values"
