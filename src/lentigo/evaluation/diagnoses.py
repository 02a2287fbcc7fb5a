"""Does a classifier tell which diagnosis it is: each against all others, and which for which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.ranking import weighted_auc
from lentigo.evaluation.ratios import Floats, weighted_mean


@dataclass(frozen=True)
class DiagnosisMetrics:
    """How well shares of K diagnoses tell the true one, over the images that have one of them.

    Attributes:
        n: Those images.
        accuracy: The share of them whose true diagnosis has the greatest share.
        auc: By diagnosis, its share against all others (one against the rest); those that no image
            has, or all have, are left out.
        confusion: How many images of each true diagnosis (outer) are called each (inner).
    """

    n: int
    accuracy: Interval
    auc: dict[str, Interval]
    confusion: dict[str, dict[str, int]]

    def as_json(self) -> dict[str, Any]:
        """Return the metrics by the names that result files use."""
        return {
            "n": self.n,
            "accuracy": self.accuracy.as_json(),
            "auc": {name: value.as_json() for name, value in self.auc.items()},
            "confusion": self.confusion,
        }


def diagnosis_metrics(
    truth: Sequence[str | None],
    shares: Floats,
    names: Sequence[str],
    groups: Sequence[str],
    bootstrap: Bootstrap | None = None,
) -> DiagnosisMetrics | None:
    """Return the metrics, or None where no image has one of the diagnoses.

    Args:
        truth: Each image's diagnosis, of length N; others than ``names``, or None, do not count.
        shares: Each image's shares, N×K, in the order of ``names``.
        names: The K diagnoses.
        groups: For each image, the group that the bootstrap draws it with.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.

    Raises:
        ValueError: The shapes do not fit.
    """
    if shares.shape != (len(truth), len(names)):
        raise ValueError(f"shares are {shares.shape}; expected {(len(truth), len(names))}")
    known = np.array([one in names for one in truth], dtype=np.bool_)
    if not known.any():
        return None
    true = np.array([names.index(one) for one in truth if one in names])
    shares, called = shares[known], shares[known].argmax(axis=1)
    drawn = [group for group, counts in zip(groups, known, strict=True) if counts]
    told_apart = [k for k in range(len(names)) if 0 < (true == k).sum() < len(true)]

    def statistics(weights: Floats) -> dict[str, Floats]:
        right = weighted_mean((true == called).astype(np.float64), weights)
        aucs = {names[k]: weighted_auc(true == k, shares[:, k], weights) for k in told_apart}
        return {"": right, **aucs}

    intervals = (bootstrap or Bootstrap()).intervals(statistics, drawn)
    return DiagnosisMetrics(
        n=len(true),
        accuracy=intervals.pop(""),
        auc=intervals,
        confusion={
            name: {other: int(((true == i) & (called == j)).sum()) for j, other in enumerate(names)}
            for i, name in enumerate(names)
        },
    )
