"""What every engine is, and the registry that holds them."""

from pathlib import Path
from typing import Protocol

import numpy as np

from lentigo.errors import BundleError
from lentigo.imaging.arrays import Floats, Pixels
from lentigo.registry import Registry


class Engine(Protocol):
    """A loaded model.

    Attributes:
        name: The engine's registered name.
        precision: What it computes in, such as ``float32`` or ``bfloat16``.
    """

    name: str
    precision: str

    def run(self, batch: Pixels) -> Floats:
        """Return what the model says of each image; may be called from several threads.

        Args:
            batch: RGB, uint8 N×H×W×3.

        Returns:
            Probabilities, float32: N×H×W of a segmenter, N of a classifier.

        Raises:
            BundleError: The model gives what is no number.
        """
        ...


class LoadEngine(Protocol):
    """Loads a model: what the registry holds."""

    def __call__(self, model_path: Path, threads: int | None = None, exact: bool = False) -> Engine:
        """Return the loaded model.

        Args:
            model_path: A bundle's ``model.onnx``.
            threads: Processor threads; None takes one a core.
            exact: Compute in float32 even where a narrower type would be faster.

        Raises:
            BundleError: The model cannot be loaded, or has no output ``probability``.
        """
        ...


ENGINES: Registry[LoadEngine] = Registry("engine")


def check_output(model_path: Path, names: list[str]) -> None:
    """Refuse a model without the output that a bundle promises.

    Raises:
        BundleError: The model has no output ``probability``.
    """
    if "probability" not in names:
        raise BundleError(f"{model_path}: no output 'probability'; it has: {', '.join(names)}")


def check_finite(model_path: Path, probability: Floats) -> Floats:
    """Return ``probability`` unless it holds what is no number.

    Raises:
        BundleError: A value is NaN or infinite.
    """
    if not np.isfinite(probability).all():
        raise BundleError(f"{model_path}: the model's answer is not a finite number")
    return probability
