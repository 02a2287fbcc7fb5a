"""What every engine is, and the registry that holds them."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import numpy as np

from lentigo.errors import BundleError
from lentigo.imaging.arrays import Floats, Pixels
from lentigo.registry import Registry

OUTPUTS: Final = ("probability", "diagnoses", "heat")
"""What a bundle's model may give; only the first must be there (see `lentigo.bundle`)."""

Outputs: TypeAlias = dict[str, Floats]
"""What a model says of a batch, by output: float32, images first."""


class Engine(Protocol):
    """A loaded model.

    Attributes:
        name: The engine's registered name.
        precision: What it computes in, such as ``float32`` or ``bfloat16``.
        outputs: Those of ``OUTPUTS`` that the model has.
    """

    name: str
    precision: str
    outputs: tuple[str, ...]

    def run(self, batch: Pixels, wanted: Collection[str] = OUTPUTS) -> Outputs:
        """Return what the model says of each image; may be called from several threads.

        Args:
            batch: uint8 N×H×W×C, as the bundle's input asks.
            wanted: Which of ``OUTPUTS`` to return, where the model has them. What is not wanted
                is neither fetched nor checked.

        Raises:
            BundleError: The model gives what is no number.
        """
        ...


class LoadEngine(Protocol):
    """Loads a model: what the registry holds."""

    def __call__(
        self,
        model_path: Path,
        threads: int | None = None,
        exact: bool = False,
        at_once: int = 1,
    ) -> Engine:
        """Return the loaded model.

        Args:
            model_path: A bundle's ``model.onnx``.
            threads: Processor threads; None takes one a core.
            exact: Compute in float32 even where a narrower type would be faster.
            at_once: How many calls are expected at a time. The threads are divided among them:
                each call takes longer, all together less.

        Raises:
            BundleError: The model cannot be loaded, or has no output ``probability``.
        """
        ...


ENGINES: Registry[LoadEngine] = Registry("engine")


def outputs_of(model_path: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``OUTPUTS`` that a model has; others that it may have are not asked for.

    Raises:
        BundleError: The model has no output ``probability``.
    """
    there = tuple(names)
    if "probability" not in there:
        raise BundleError(f"{model_path}: no output 'probability'; it has: {', '.join(there)}")
    return tuple(name for name in OUTPUTS if name in there)


def check_finite(model_path: Path, outputs: Outputs) -> Outputs:
    """Return ``outputs`` unless they hold what is no number.

    Raises:
        BundleError: A value is NaN or infinite; the message names its output.
    """
    for name, values in outputs.items():
        if not np.isfinite(values).all():
            raise BundleError(f"{model_path}: output '{name}' is not a finite number")
    return outputs
