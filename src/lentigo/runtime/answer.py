"""What a bundle's model says, checked: a stranger's model may be anything."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from lentigo.bundle import Bundle
from lentigo.errors import BundleError, LentigoError
from lentigo.imaging.arrays import Floats, Pixels
from lentigo.runtime.engines import Engine, Outputs

# Rounding in float32 and in half-precision weights stays far below this.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Answer:
    """What a model says of N images.

    Attributes:
        probability: float32: N×H×W of a segmenter, N of a classifier.
        diagnoses: float32 N×K in 0–1, each row summing to 1, in the order of the bundle's
            ``diagnoses``; None where it names none, or they were not asked for.
        heat: float32 N×h×w, the malignant logit, less its bias, that each place alone would give;
            None where the model does not tell, or it was not asked for.
    """

    probability: Floats
    diagnoses: Floats | None = None
    heat: Floats | None = None


def answer(
    bundle: Bundle, engine: Engine, batch: Pixels, wanted: Collection[str] = ("probability",)
) -> Answer:
    """Return what a bundle's model says of images.

    Args:
        bundle: What the model belongs to.
        engine: What runs it.
        batch: RGB, uint8 N×H×W×3.
        wanted: Which outputs to ask for, ``probability`` among them; a segmenter has no other.

    Raises:
        BundleError: The model cannot be run, or answers otherwise than its bundle promises.
    """
    try:
        outputs = engine.run(batch, wanted)
    except LentigoError:
        raise
    except Exception as error:  # the engines' exceptions share no base but Exception
        raise BundleError(f"{bundle.model_path}: {engine.name} cannot run it: {error}") from error
    segments = bundle.spec.task == "segmentation"
    probability = outputs["probability"]
    expected = batch.shape[:3] if segments else batch.shape[:1]
    if probability.shape != expected:
        raise BundleError(
            f"{bundle.model_path}: answers with shape {probability.shape}; expected {expected}"
        )
    if segments:
        return Answer(probability)
    diagnoses = _diagnoses(bundle, outputs, len(batch)) if "diagnoses" in wanted else None
    return Answer(probability, diagnoses, _heat(bundle, outputs, len(batch)))


def _diagnoses(bundle: Bundle, outputs: Outputs, count: int) -> Floats | None:
    names = bundle.spec.diagnoses
    if not names:
        return None
    if "diagnoses" not in outputs:
        raise BundleError(
            f"{bundle.model_path}: no output 'diagnoses', though the bundle names {len(names)}"
        )
    shares = outputs["diagnoses"]
    if shares.shape != (count, len(names)):
        raise BundleError(
            f"{bundle.model_path}: output 'diagnoses' has shape {shares.shape}; expected "
            f"{(count, len(names))}, one for each of the bundle's diagnoses"
        )
    if shares.min() < 0 or np.abs(shares.sum(axis=1) - 1).max() > _SUM_TOLERANCE:
        raise BundleError(f"{bundle.model_path}: output 'diagnoses' is not shares that sum to 1")
    return shares


def _heat(bundle: Bundle, outputs: Outputs, count: int) -> Floats | None:
    heat = outputs.get("heat")
    if heat is not None and (heat.ndim != 3 or len(heat) != count or not heat.size):
        raise BundleError(
            f"{bundle.model_path}: output 'heat' has shape {heat.shape}; expected ({count}, h, w)"
        )
    return heat
