"""An outline's expected Jaccard: how it is fitted, and how well it tells the bad outlines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from lentigo.bundle import QualityModel
from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.ratios import Floats, divide, weighted_mean
from lentigo.evaluation.segmentation import FAILED_BELOW_JACCARD
from lentigo.imaging.outline_quality import OutlineFeatures

REVIEWED_SHARE = 0.1
"""The share of outlines, the worst by what was expected of them, that a person looks at."""

FEWEST_OUTLINES = 50
"""Fewer than these would make the worst tenth a handful, and its border chance."""

_PENALTY = 1.0  # one image's worth of doubt in each weight, so that none runs off in a small part

_ALIKE = 1e-9  # a feature that varies less has one value on all images, but for rounding

# A doubt may only lower what is expected, and a plainer shape only raise it.
_SIGNS = OutlineFeatures(log_doubt_inside=-1, log_doubt_outside=-1, solidity=1)


def fit_quality_model(
    outlines: Iterable[tuple[OutlineFeatures | None, float]],
) -> QualityModel | None:
    """Fit what to expect of outlines on images that the net was not trained on.

    A fractional logit by Bernoulli quasi-likelihood (Papke and Wooldridge, J Appl Econom
    1996;11:619–632) on standardised features, with a ridge penalty on the weights and each
    weight's sign fixed, so that the mean expected is the mean found and every weight can be
    explained. ``review_below`` is the expected Jaccard that a tenth of the images stay below.

    Args:
        outlines: For each image its outline's features, None where no lesion was found, and its
            Jaccard, 0–1.

    Returns:
        The model; None where fewer than ``FEWEST_OUTLINES`` images have an outline.
    """
    found, jaccards, n_images = [], [], 0
    for features, jaccard in outlines:
        n_images += 1
        if features is not None:
            found.append(features)
            jaccards.append(jaccard)
    if len(found) < FEWEST_OUTLINES:
        return None
    table = np.array(found)
    centre, scale = table.mean(axis=0), table.std(axis=0)
    scale = np.where(scale > _ALIKE, scale, 1.0)
    fit = _fractional_logit((table - centre) / scale, np.array(jaccards))
    weights = fit[1:] / scale
    bias = fit[0] - weights @ centre
    expected = np.zeros(n_images)  # what is expected where no lesion was found
    expected[: len(table)] = expit(table @ weights + bias)
    return QualityModel.model_validate(
        {
            "weights": dict(zip(OutlineFeatures._fields, weights.tolist(), strict=True)),
            "bias": float(bias),
            "review_below": float(np.quantile(expected, REVIEWED_SHARE)),
            "n": len(table),
        }
    )


def _fractional_logit(standard: Floats, jaccard: Floats) -> Floats:
    """Return bias and weights for standardised features, n × k."""

    def loss(parameters: Floats) -> tuple[float, Floats]:
        bias, weights = parameters[0], parameters[1:]
        logit = standard @ weights + bias
        residual = expit(logit) - jaccard
        value = np.sum(np.logaddexp(0, logit) - jaccard * logit) + _PENALTY / 2 * weights @ weights
        slope = standard.T @ residual + _PENALTY * weights
        return float(value), np.concatenate([[residual.sum()], slope])

    fit = minimize(
        loss,
        x0=np.zeros(1 + standard.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *((0, None) if sign > 0 else (None, 0) for sign in _SIGNS)],
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000},
    )
    return np.asarray(fit.x)


@dataclass(frozen=True)
class OutlineQualityMetrics:
    """How well the expected Jaccard tells the true one, each with its interval.

    Attributes:
        review_below: The expected Jaccard below which an outline is to be looked at.
        spearman: Rank correlation of expected and true Jaccard, −1 to 1; NaN where either is the
            same for all.
        failure_rate_of_rest: Share of images with a Jaccard below 0.65 among those left once the
            tenth of lowest expected Jaccard is taken out.
        flagged: Share of images whose expected Jaccard is under ``review_below``.
        bias: Mean of expected less true Jaccard; above 0 promises too much.
        absolute_error: Mean of the distance between expected and true Jaccard.
    """

    review_below: float
    spearman: Interval
    failure_rate_of_rest: Interval
    flagged: Interval
    bias: Interval
    absolute_error: Interval

    def as_json(self) -> dict[str, Any]:
        """Return the metrics by the names that result files use."""
        names = ("spearman", "failure_rate_of_rest", "flagged", "bias", "absolute_error")
        return {
            "review_below": self.review_below,
            "reviewed_share": REVIEWED_SHARE,
            **{name: getattr(self, name).as_json() for name in names},
        }


def outline_quality_metrics(
    expected: Floats,
    jaccard: Floats,
    review_below: float,
    groups: Sequence[str],
    bootstrap: Bootstrap | None = None,
) -> OutlineQualityMetrics:
    """Return how well a set's expected Jaccard tells the true one.

    Args:
        expected: What was expected of each outline, of length n, 0–1.
        jaccard: What was found, of length n, 0–1.
        review_below: The expected Jaccard below which an outline is to be looked at.
        groups: For each image, the group that the bootstrap draws it with.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.

    Raises:
        ValueError: There are no images, or the lengths differ.
    """
    if not expected.shape == jaccard.shape == (len(groups),):
        raise ValueError(
            f"expected one value of each and one group an image, got shapes {expected.shape} and "
            f"{jaccard.shape} and {len(groups)} groups"
        )
    failed = jaccard < FAILED_BELOW_JACCARD

    def statistics(weights: Floats) -> dict[str, Floats]:
        return {
            "spearman": weighted_spearman(expected, jaccard, weights),
            "failure_rate_of_rest": weighted_rate_of_rest(expected, failed, weights),
            "flagged": weighted_mean(expected < review_below, weights),
            "bias": weighted_mean(expected - jaccard, weights),
            "absolute_error": weighted_mean(np.abs(expected - jaccard), weights),
        }

    intervals = (bootstrap or Bootstrap()).intervals(statistics, groups)
    return OutlineQualityMetrics(review_below, **intervals)


def weighted_spearman(one: Floats, other: Floats, weights: Floats) -> Floats:
    """Return Spearman's rank correlation for each row of ``weights``, draws × images.

    The correlation of the ranks, ties given their mean rank (Spearman 1904); a whole weight
    counts as that many copies of the image. NaN where either has one value alone.
    """
    centred = []
    for values in (one, other):
        ranks = _mean_ranks(values, weights)
        means = (weights * ranks).sum(axis=1) / weights.sum(axis=1)
        centred.append(ranks - means[:, None])
    a, b = centred
    together = (weights * a * b).sum(axis=1)
    alone = (weights * a**2).sum(axis=1) * (weights * b**2).sum(axis=1)
    return divide(together, np.sqrt(alone), undefined=float("nan"))


def weighted_rate_of_rest(expected: Floats, failed: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the share failed among the rest for each row of ``weights``, draws × images.

    The rest is what stays when the tenth of lowest ``expected``, to whole images, is taken out;
    of equals the first go first. NaN where nothing stays.
    """
    order = np.argsort(expected, kind="stable")
    counts = weights[:, order]
    taken = np.round(REVIEWED_SHARE * counts.sum(axis=1, keepdims=True))
    kept = np.clip(counts.cumsum(axis=1) - taken, 0, counts)
    return divide(kept @ failed[order], kept.sum(axis=1), undefined=float("nan"))


def _mean_ranks(values: Floats, weights: Floats) -> Floats:
    """Return each value's mean rank among the weighted values, draws × images."""
    _, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    of_value = np.add.reduceat(weights[:, order], starts, axis=1)
    return np.asarray((of_value.cumsum(axis=1) - of_value / 2)[:, place])
