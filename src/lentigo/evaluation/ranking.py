"""How well probabilities rank malignant images above benign ones: ROC AUC, average precision.

Each takes ``weights`` of draws × images (how often each image counts), which lets one call score
every draw of a bootstrap.
"""

import numpy as np
from numpy.typing import NDArray

from lentigo.evaluation.ratios import Floats, divide

# Shares such as 3/7 miss what they are compared with by their last digits.
_ROUNDING = 1e-9


def auc(malignant: NDArray[np.bool_], probability: Floats) -> float:
    """Return the area under the ROC curve; NaN unless both classes are there.

    It is the chance that a malignant image scores above a benign one, ties counted half
    (Hanley & McNeil 1982, Radiology 143(1)).

    Args:
        malignant: True labels, of length n.
        probability: Scores of length n; only their order counts.
    """
    return float(weighted_auc(malignant, probability, np.ones((1, len(probability))))[0])


def average_precision(malignant: NDArray[np.bool_], probability: Floats) -> float:
    """Return Σ (recall_k − recall_{k−1}) · precision_k; NaN without a malignant image.

    The step-wise area under the precision–recall curve, over descending distinct scores, without
    interpolation, which would flatter (Davis & Goadrich 2006).

    Args:
        malignant: True labels, of length n.
        probability: Scores of length n; only their order counts.
    """
    weights = np.ones((1, len(probability)))
    return float(weighted_average_precision(malignant, probability, weights)[0])


def weighted_auc(malignant: NDArray[np.bool_], probability: Floats, weights: Floats) -> Floats:
    """Return ``auc`` for each row of ``weights``, draws × images."""
    positives, negatives = _by_descending_score(malignant, probability, weights)
    above = positives.cumsum(axis=1) - positives / 2
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    return divide((negatives * above).sum(axis=1), pairs, undefined=float("nan"))


def weighted_average_precision(
    malignant: NDArray[np.bool_], probability: Floats, weights: Floats
) -> Floats:
    """Return ``average_precision`` for each row of ``weights``, draws × images."""
    positives, negatives = _by_descending_score(malignant, probability, weights)
    found = positives.cumsum(axis=1)
    precision = divide(found, found + negatives.cumsum(axis=1), undefined=0.0)
    return divide(
        (positives * precision).sum(axis=1), positives.sum(axis=1), undefined=float("nan")
    )


def weighted_sensitivity(
    malignant: NDArray[np.bool_],
    probability: Floats,
    weights: Floats,
    false_positive_rate: Floats,
) -> Floats:
    """Return the ROC curve: the greatest sensitivity that costs at most each rate.

    Args:
        malignant: True labels, of length n.
        probability: Scores of length n; only their order counts.
        weights: How often each image counts, draws × images.
        false_positive_rate: Shares of benign images called malignant, of length k, 0–1.

    Returns:
        Draws × k; NaN in draws without both classes.
    """
    positives, negatives = _by_descending_score(malignant, probability, weights)
    found, wrong = (
        divide(
            np.pad(of_class.cumsum(axis=1), ((0, 0), (1, 0))),
            of_class.sum(axis=1, keepdims=True),
            undefined=float("nan"),
        )
        for of_class in (positives, negatives)
    )
    draws = np.arange(len(weights))[:, None]
    # All draws are searched at once: those of a draw lie in 2·draw to 2·draw + 1.
    ascending = np.nan_to_num(wrong) + 2 * draws
    asked = false_positive_rate + 2 * draws + _ROUNDING
    place = np.searchsorted(ascending.ravel(), asked, side="right") - 1
    return np.asarray(found.ravel()[place] + 0 * wrong[:, :1])


def _by_descending_score(
    malignant: NDArray[np.bool_], probability: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Return the weight of malignant and of benign images at each distinct score."""
    order = np.argsort(-probability, kind="stable")
    sorted_weights = weights[:, order]
    positives = sorted_weights * malignant[order]
    negatives = sorted_weights - positives
    starts = np.flatnonzero(np.diff(probability[order], prepend=np.nan) != 0)
    if len(starts) == len(order):
        return positives, negatives
    return np.add.reduceat(positives, starts, axis=1), np.add.reduceat(negatives, starts, axis=1)
