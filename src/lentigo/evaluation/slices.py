"""For whom a classifier works: its metrics on patients and lesions of one kind at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.checks import check_scored
from lentigo.evaluation.classification import weighted_rates
from lentigo.evaluation.ranking import weighted_auc
from lentigo.evaluation.ratios import Floats, weighted_mean

MIN_IMAGES = 20
"""With fewer images a slice is too small to judge."""
MIN_OF_CLASS = 10
"""So it is with fewer than these of a class, unless it has none of it, as a diagnosis does."""

SLICE_METRICS = ("auc", "sensitivity", "specificity", "calibration_gap")
UNKNOWN = "unknown"

_AGE_FROM = (30, 45, 60, 75)
_AGES = ("0–29", "30–44", "45–59", "60–74", "75+")
_NAMED = ("sex", "site", "diagnosis", "dx_type")

Attributes = Mapping[str, Sequence[str]]
"""For each attribute, such as ``sex``, every image's value."""


@dataclass(frozen=True)
class Slice:
    """The images that have one value of one attribute.

    Attributes:
        attribute: Such as ``age``.
        value: Such as ``60–74``.
        n: Images.
        n_malignant: Malignant images among them.
        n_groups: Lesions that the intervals are drawn over.
        metrics: Value and interval of each of ``SLICE_METRICS``: ``sensitivity`` and
            ``specificity`` at one threshold; ``calibration_gap``, the mean probability minus the
            share of malignant images, above 0 where the risk is overstated. (A calibration error
            over bins grows as slices shrink, so that slices could not be compared.) What one
            class alone does not define is NaN, the gap too: given the diagnosis, no probability
            is right. None where the slice is too small to judge.
    """

    attribute: str
    value: str
    n: int
    n_malignant: int
    n_groups: int
    metrics: Mapping[str, Interval] | None

    def as_json(self) -> dict[str, Any]:
        """Return the slice by the names that result files use."""
        return {
            "attribute": self.attribute,
            "value": self.value,
            "n": self.n,
            "n_malignant": self.n_malignant,
            "n_groups": self.n_groups,
            "judged": self.metrics is not None,
            **{
                name: self.metrics[name].as_json() if self.metrics else None
                for name in SLICE_METRICS
            },
        }


def attributes_of(table: pl.DataFrame) -> dict[str, list[str]]:
    """Return every image's value of each attribute that is known of any image.

    Args:
        table: A manifest's ``age``, ``sex``, ``site``, ``diagnosis`` and ``dx_type``, and
            ``area_share``, the lesion's share of the image, 0–1; nulls are ``unknown``.
    """
    columns = {
        "age": _banded(table["age"], _AGE_FROM, _AGES),
        "lesion size": _thirds(table["area_share"]),
        **{name: table[name].fill_null(UNKNOWN).to_list() for name in _NAMED},
    }
    return {name: values for name, values in columns.items() if set(values) != {UNKNOWN}}


def slice_metrics(
    malignant: NDArray[np.bool_],
    probability: Floats,
    threshold: float,
    groups: Sequence[str],
    attributes: Attributes,
    bootstrap: Bootstrap | None = None,
) -> list[Slice]:
    """Measure each slice; the worst comes first, those too small to judge come last.

    The worst is the one of least sensitivity, since what is missed costs most. Slices without a
    malignant image follow, the one of least specificity first.

    Args:
        malignant: True labels, of length n.
        probability: Calibrated probability of malignancy, of length n, 0–1.
        threshold: From which on an image is called malignant.
        groups: Each image's lesion.
        attributes: Values, of length n, by attribute.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.

    Raises:
        ValueError: The lengths differ, or a probability is not in 0–1.
    """
    check_scored(malignant, probability)
    lesions = np.asarray(groups)
    slices = [
        _slice(name, value, malignant[of], probability[of], threshold, lesions[of], bootstrap)
        for name, values in attributes.items()
        for value in sorted(set(values))
        for of in [np.flatnonzero(np.asarray(values) == value)]
    ]
    return sorted(slices, key=_goodness)


def _slice(
    attribute: str,
    value: str,
    malignant: NDArray[np.bool_],
    probability: Floats,
    threshold: float,
    groups: NDArray[np.str_],
    bootstrap: Bootstrap | None,
) -> Slice:
    n, n_malignant = len(malignant), int(np.count_nonzero(malignant))
    classes = (n_malignant, n - n_malignant)
    judged = n >= MIN_IMAGES and all(not count or count >= MIN_OF_CLASS for count in classes)

    def statistics(weights: Floats) -> dict[str, Floats]:
        rates = weighted_rates(malignant, probability >= threshold, weights)
        gap = weighted_mean(probability - malignant, weights)
        return {
            "auc": weighted_auc(malignant, probability, weights),
            "sensitivity": rates["sensitivity"],
            "specificity": rates["specificity"],
            "calibration_gap": gap if all(classes) else np.full_like(gap, np.nan),
        }

    names = groups.tolist()
    metrics = (bootstrap or Bootstrap()).intervals(statistics, names) if judged else None
    return Slice(attribute, value, n, n_malignant, len(set(names)), metrics)


def _goodness(one: Slice) -> tuple[int, float]:
    if one.metrics is None:
        return 2, -one.n
    if one.n_malignant:
        return 0, one.metrics["sensitivity"].value
    return 1, one.metrics["specificity"].value


def _banded(values: pl.Series, starts: Sequence[float], names: Sequence[str]) -> list[str]:
    """Return the band of each value, a band's start being in it."""
    band = np.searchsorted(starts, values.fill_null(0).to_numpy(), side="right")
    return [
        names[i] if known else UNKNOWN
        for i, known in zip(band.tolist(), values.is_not_null(), strict=True)
    ]


def _thirds(shares: pl.Series) -> list[str]:
    known = shares.drop_nulls().to_numpy()
    if not known.size:
        return [UNKNOWN] * len(shares)
    low, high = np.quantile(known, (1 / 3, 2 / 3))
    names = (
        f"smallest third, under {low:.1%} of the image",
        f"middle third, {low:.1%} to {high:.1%}",
        f"largest third, from {high:.1%}",
    )
    return _banded(shares, (low, high), names)
