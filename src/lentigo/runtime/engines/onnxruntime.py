"""ONNX Runtime: the reference engine, on every platform."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from lentigo.errors import BundleError
from lentigo.imaging.arrays import Pixels
from lentigo.runtime.cores import cores
from lentigo.runtime.engines.base import ENGINES, OUTPUTS, Outputs, check_finite, outputs_of


@ENGINES.register("onnxruntime")
class OnnxRuntime:
    """A model in ONNX Runtime, on the processor, in float32: always exact."""

    name = "onnxruntime"
    precision = "float32"

    def __init__(
        self,
        model_path: Path,
        threads: int | None = None,
        exact: bool = False,
        at_once: int = 1,
    ) -> None:
        import onnxruntime  # noqa: PLC0415 (slow to import; only when this engine is chosen)

        options = onnxruntime.SessionOptions()
        divided = max(1, (threads or cores()) // at_once)
        options.intra_op_num_threads = divided if at_once > 1 else threads or 0  # 0: one a core
        options.log_severity_level = 3  # errors only: warnings would mix with the user's output
        try:
            self._session = onnxruntime.InferenceSession(
                model_path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exception classes share no base but Exception
            raise BundleError(f"{model_path}: ONNX Runtime cannot load it: {error}") from error
        self._model_path = model_path
        names = (output.name for output in self._session.get_outputs())
        self.outputs = outputs_of(model_path, names)

    def run(self, batch: Pixels, wanted: Collection[str] = OUTPUTS) -> Outputs:
        """Return the wanted of the model's outputs for images N×H×W×C."""
        names = [name for name in self.outputs if name in wanted]
        outputs = zip(names, self._session.run(names, {"image": batch}), strict=True)
        return check_finite(
            self._model_path,
            {name: np.asarray(value, dtype=np.float32) for name, value in outputs},
        )
