"""Learning diagnoses beside malignancy: which each image has, and what not telling it costs."""

from typing import Final

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lentigo.errors import TrainingError

UNKNOWN: Final = -1


def diagnosis_indices(diagnosis: pl.Series, names: tuple[str, ...]) -> NDArray[np.int64]:
    """Return each image's place in ``names``, int64 N; ``UNKNOWN`` where it has none of them."""
    places = {name: place for place, name in enumerate(names)}
    found = diagnosis.replace_strict(places, default=UNKNOWN, return_dtype=pl.Int64)
    return found.fill_null(UNKNOWN).to_numpy()


def check_each_is_shown(truth: NDArray[np.int64], names: tuple[str, ...]) -> None:
    """Refuse training images that do not show every diagnosis.

    Raises:
        TrainingError: The message lists those that no image shows.
    """
    if absent := [name for place, name in enumerate(names) if place not in truth]:
        raise TrainingError(
            f"no training image is known to show {', '.join(absent)}; what is never shown cannot "
            "be learnt: give more data, or set diagnoses_weight to 0"
        )


def balanced_diagnosis_weights(truth: Tensor, count: int) -> Tensor:
    """Return each diagnosis's weight, n / (count · n_diagnosis), over the n images known.

    Args:
        truth: int64 N, each image's diagnosis; every one of the ``count`` is there.
        count: How many diagnoses there are.
    """
    known = truth[truth != UNKNOWN]
    return known.numel() / (count * torch.bincount(known, minlength=count).float())


def diagnosis_loss(logits: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy, each image's times its diagnosis's weight, the mean over the images known.

    Args:
        logits: float N×K.
        truth: int64 N, each image's diagnosis, ``UNKNOWN`` where it does not count.
        weights: float K; without, each image counts alike.

    Returns:
        One value; 0 where no image's diagnosis is known.
    """
    total = F.cross_entropy(logits, truth, weights, ignore_index=UNKNOWN, reduction="sum")
    return total / (truth != UNKNOWN).sum().clamp_min(1)
