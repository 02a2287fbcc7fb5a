"""What every metric asks of its input, said once."""

import numpy as np
from numpy.typing import NDArray

from lentigo.evaluation.ratios import Floats


def check_scored(malignant: NDArray[np.bool_], probability: Floats) -> None:
    """Refuse labels and probabilities that no metric is defined on.

    Raises:
        ValueError: They differ in length, are not one-dimensional, the labels are not boolean, or
            a probability is not in 0–1.
    """
    if malignant.ndim != 1 or malignant.shape != probability.shape:
        raise ValueError(
            f"expected as many labels as probabilities, got shapes {malignant.shape} and "
            f"{probability.shape}"
        )
    if malignant.dtype != np.bool_:
        raise ValueError(f"expected boolean labels (true = malignant), got {malignant.dtype}")
    outside = ~((probability >= 0) & (probability <= 1))
    if outside.any():
        raise ValueError(
            f"expected probabilities in 0–1, got {probability[outside][0]} at index "
            f"{np.flatnonzero(outside)[0]}"
        )


def check_masks(shape: tuple[int, ...], truth: NDArray[np.bool_]) -> None:
    """Refuse a ground truth that does not fit a prediction of ``shape``.

    Raises:
        ValueError: The shapes differ, or the ground truth is not boolean.
    """
    if truth.dtype != np.bool_:
        raise ValueError(f"expected a boolean ground truth, got {truth.dtype}")
    if shape != truth.shape:
        raise ValueError(
            f"expected a prediction of the ground truth's shape {truth.shape}, got {shape}"
        )
