"""How well probabilities tell malignant from benign lesions: ranking, calibration, decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.calibration import weighted_brier, weighted_calibration_error
from lentigo.evaluation.checks import check_scored
from lentigo.evaluation.ranking import weighted_auc, weighted_average_precision
from lentigo.evaluation.ratios import Floats, divide

RATES = ("sensitivity", "specificity", "precision", "f1", "accuracy")


@dataclass(frozen=True)
class Decisions:
    """The decisions at one threshold; a probability from the threshold on is called malignant.

    Attributes:
        threshold: 0–1.
        tp: Malignant images called malignant.
        fp: Benign images called malignant.
        fn: Malignant images called benign.
        tn: Benign images called benign.
        sensitivity: tp / (tp + fn).
        specificity: tn / (tn + fp).
        precision: tp / (tp + fp).
        f1: 2·tp / (2·tp + fp + fn).
        accuracy: (tp + tn) / n.
    """

    threshold: float
    tp: int
    fp: int
    fn: int
    tn: int
    sensitivity: Interval
    specificity: Interval
    precision: Interval
    f1: Interval
    accuracy: Interval

    def as_json(self) -> dict[str, Any]:
        """Return threshold, rates, counts, confusion matrix and per-class report by name."""
        return {
            "threshold": self.threshold,
            **{name: getattr(self, name).as_json() for name in RATES},
            "tn": self.tn,
            "fp": self.fp,
            "fn": self.fn,
            "tp": self.tp,
            "confusion_matrix": {
                "rows": ["benign", "malignant"],
                "columns": ["called benign", "called malignant"],
                "counts": [[self.tn, self.fp], [self.fn, self.tp]],
            },
            "per_class": {
                "benign": _class_report(self.tn, self.fn, self.fp),
                "malignant": _class_report(self.tp, self.fp, self.fn),
            },
        }


@dataclass(frozen=True)
class ClassificationMetrics:
    """How a set's probabilities agree with its labels, each number with its interval.

    Attributes:
        n: Images.
        n_malignant: Malignant images among them.
        n_groups: Groups (lesions, patients or images) that the intervals are drawn over.
        auc: Area under the ROC curve.
        average_precision: Step-wise area under the precision–recall curve.
        brier: Mean squared error of the probabilities.
        ece: Expected calibration error over 15 equal-width bins.
        operating_points: The decisions at each named threshold.
    """

    n: int
    n_malignant: int
    n_groups: int
    auc: Interval
    average_precision: Interval
    brier: Interval
    ece: Interval
    operating_points: Mapping[str, Decisions]

    def as_json(self) -> dict[str, Any]:
        """Return the metrics by the names that result files use."""
        return {
            "n": self.n,
            "n_malignant": self.n_malignant,
            "n_groups": self.n_groups,
            "auc": self.auc.as_json(),
            "average_precision": self.average_precision.as_json(),
            "brier": self.brier.as_json(),
            "ece": self.ece.as_json(),
            "operating_points": {
                name: decisions.as_json() for name, decisions in self.operating_points.items()
            },
        }


def classification_metrics(
    malignant: NDArray[np.bool_],
    probability: Floats,
    thresholds: Mapping[str, float],
    groups: Sequence[str],
    bootstrap: Bootstrap | None = None,
) -> ClassificationMetrics:
    """Return a set's metrics. What one class alone does not define, such as an AUC, is NaN.

    Args:
        malignant: True labels, of length n.
        probability: Calibrated probability of malignancy, of length n, 0–1.
        thresholds: The threshold of each operating point, chosen on other images.
        groups: For each image, the group that the bootstrap draws it with.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.

    Raises:
        ValueError: There are no images, the lengths differ, or a probability is not in 0–1.
    """
    check_scored(malignant, probability)
    if len(groups) != len(malignant):
        raise ValueError(f"expected one group an image, got {len(groups)} for {len(malignant)}")

    def statistics(weights: Floats) -> dict[str, Floats]:
        values = {
            "auc": weighted_auc(malignant, probability, weights),
            "average_precision": weighted_average_precision(malignant, probability, weights),
            "brier": weighted_brier(malignant, probability, weights),
            "ece": weighted_calibration_error(malignant, probability, weights),
        }
        for name, threshold in thresholds.items():
            called = probability >= threshold
            rates = weighted_rates(malignant, called, weights)
            values |= {f"{name}/{rate}": value for rate, value in rates.items()}
        return values

    intervals = (bootstrap or Bootstrap()).intervals(statistics, groups)
    return ClassificationMetrics(
        n=len(malignant),
        n_malignant=int(np.count_nonzero(malignant)),
        n_groups=len(set(groups)),
        **{name: intervals[name] for name in ("auc", "average_precision", "brier", "ece")},
        operating_points={
            name: _decisions(malignant, probability, threshold, name, intervals)
            for name, threshold in thresholds.items()
        },
    )


def weighted_rates(
    malignant: NDArray[np.bool_], called: NDArray[np.bool_], weights: Floats
) -> dict[str, Floats]:
    """Return each of ``RATES``, NaN where not defined, for each row of ``weights``.

    Args:
        malignant: True labels, of length n.
        called: Which images are called malignant, of length n.
        weights: How often each image counts, draws × images.
    """
    tp, fp, fn, tn = _confusion(malignant, called, weights)
    parts = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "precision": (tp, tp + fp),
        "f1": (2 * tp, 2 * tp + fp + fn),
        "accuracy": (tp + tn, tp + fp + fn + tn),
    }
    return {rate: divide(*part, undefined=float("nan")) for rate, part in parts.items()}


def _decisions(
    malignant: NDArray[np.bool_],
    probability: Floats,
    threshold: float,
    name: str,
    intervals: Mapping[str, Interval],
) -> Decisions:
    counts = _confusion(malignant, probability >= threshold, np.ones((1, len(malignant))))
    tp, fp, fn, tn = (int(count[0]) for count in counts)
    rates = {rate: intervals[f"{name}/{rate}"] for rate in RATES}
    return Decisions(threshold=threshold, tp=tp, fp=fp, fn=fn, tn=tn, **rates)


def _confusion(
    malignant: NDArray[np.bool_], called: NDArray[np.bool_], weights: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return tp, fp, fn, tn for each row of ``weights``."""
    cells = (malignant & called, ~malignant & called, malignant & ~called, ~malignant & ~called)
    tp, fp, fn, tn = (weights @ cell for cell in cells)
    return tp, fp, fn, tn


def _class_report(hits: int, wrong: int, missed: int) -> dict[str, float | int | None]:
    """Return one class's precision, recall, F1 and number of images; None where not defined."""
    return {
        "precision": hits / (hits + wrong) if hits + wrong else None,
        "recall": hits / (hits + missed) if hits + missed else None,
        "f1": 2 * hits / (2 * hits + wrong + missed) if hits + wrong + missed else None,
        "support": hits + missed,
    }
