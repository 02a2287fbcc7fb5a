"""Precision, recall and F1 of each class and their averages, with the accuracy that they explain.

What one class does not define, such as the precision of a class that is never called, is NaN, and
so are the averages over it.
"""

import numpy as np
from numpy.typing import NDArray

from lentigo.evaluation.classification import weighted_rates
from lentigo.evaluation.ratios import Floats, weighted_mean

REPORTED = ("benign", "malignant", "macro", "weighted")
"""What has precision, recall and F1: the classes, their plain mean, their mean by images."""

PER_CLASS = ("precision", "recall", "f1")


def weighted_class_report(
    malignant: NDArray[np.bool_], called: NDArray[np.bool_], weights: Floats
) -> dict[str, Floats]:
    """Return ``accuracy``, ``gain``, and each of ``REPORTED`` with each of ``PER_CLASS``.

    The latter are named as ``macro/f1``. ``gain`` is the accuracy minus that of calling every
    image benign.

    Args:
        malignant: True labels, of length n.
        called: Which images are called malignant, of length n.
        weights: How often each image counts, draws × images.

    Returns:
        For each name one value for each row of ``weights``.
    """
    benign = weighted_mean(~malignant, weights)
    rates = {
        "benign": weighted_rates(~malignant, ~called, weights),
        "malignant": weighted_rates(malignant, called, weights),
    }
    accuracy = rates["malignant"]["accuracy"]
    report = {"accuracy": accuracy, "gain": accuracy - benign}
    for name in PER_CLASS:
        rate = "sensitivity" if name == "recall" else name
        of_benign, of_malignant = rates["benign"][rate], rates["malignant"][rate]
        report |= {
            f"benign/{name}": of_benign,
            f"malignant/{name}": of_malignant,
            f"macro/{name}": (of_benign + of_malignant) / 2,
            f"weighted/{name}": benign * of_benign + (1 - benign) * of_malignant,
        }
    return report
