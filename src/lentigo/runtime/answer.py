"""What a bundle's model says, checked: a stranger's model may be anything."""

from lentigo.bundle import Bundle
from lentigo.errors import BundleError, LentigoError
from lentigo.imaging.arrays import Floats, Pixels
from lentigo.runtime.engines import Engine


def answer(bundle: Bundle, engine: Engine, batch: Pixels) -> Floats:
    """Return what a bundle's model says of images.

    Args:
        bundle: What the model belongs to.
        engine: What runs it.
        batch: RGB, uint8 N×H×W×3.

    Returns:
        Probabilities, float32: N×H×W of a segmenter, N of a classifier.

    Raises:
        BundleError: The model cannot be run, or answers otherwise than its bundle promises.
    """
    try:
        probability = engine.run(batch)
    except LentigoError:
        raise
    except Exception as error:  # the engines' exceptions share no base but Exception
        raise BundleError(f"{bundle.model_path}: {engine.name} cannot run it: {error}") from error
    expected = batch.shape[:3] if bundle.spec.task == "segmentation" else batch.shape[:1]
    if probability.shape != expected:
        raise BundleError(
            f"{bundle.model_path}: answers with shape {probability.shape}; expected {expected}"
        )
    return probability
