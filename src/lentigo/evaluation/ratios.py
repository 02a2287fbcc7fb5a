"""The two small sums behind the metrics: a guarded quotient and a weighted mean."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def divide(numerator: NDArray[Any], denominator: NDArray[Any], *, undefined: float) -> Floats:
    """Return ``numerator / denominator``, with ``undefined`` where the denominator is 0."""
    quotient = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), undefined)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def weighted_mean(values: NDArray[Any], weights: Floats) -> Floats:
    """Return one mean of ``values`` (images) for each row of ``weights`` (draws × images)."""
    return divide(weights @ values, weights.sum(axis=1), undefined=float("nan"))
