"""How well masks agree: Dice and Jaccard, per image and pooled, from each image's pixel counts.

*Per image* is the mean over images, as the ISIC challenges score (Codella et al. 2018, 2019);
*pooled* takes the pixels of all images as one. They differ, and must never be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.checks import check_masks
from lentigo.evaluation.ratios import Floats, divide, weighted_mean

FAILED_BELOW_JACCARD = 0.65
"""A mask below this Jaccard counts as failed (ISIC 2018 Task 1: near where experts disagree)."""


@dataclass(frozen=True)
class PixelCounts:
    """Pixel counts of masks against their ground truths, all arrays of one shape.

    Attributes:
        tp: Lesion pixels found.
        fp: Pixels wrongly called lesion.
        fn: Lesion pixels missed.
        tn: Other skin left alone.
    """

    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    tn: NDArray[np.int64]

    @property
    def dice(self) -> Floats:
        """Dice 2·tp / (2·tp + fp + fn), in 0–1; two empty masks agree, so 1 (Dice 1945)."""
        return divide(2 * self.tp, 2 * self.tp + self.fp + self.fn, undefined=1.0)

    @property
    def jaccard(self) -> Floats:
        """Jaccard tp / (tp + fp + fn), in 0–1; two empty masks agree, so 1 (Jaccard 1912)."""
        return divide(self.tp, self.tp + self.fp + self.fn, undefined=1.0)


def count_pixels(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> PixelCounts:
    """Count one image's pixels, as arrays without dimensions.

    Args:
        prediction: The mask found, H×W, true on the lesion.
        truth: The ground truth at the same size.

    Raises:
        ValueError: The shapes differ, or the ground truth is not boolean.
    """
    check_masks(prediction.shape, truth)
    found, real = np.count_nonzero(prediction), np.count_nonzero(truth)
    tp = np.count_nonzero(prediction & truth)
    counts = (tp, found - tp, real - tp, truth.size - found - real + tp)
    return PixelCounts(*(np.asarray(count, dtype=np.int64) for count in counts))


def count_pixels_by_threshold(
    probability: NDArray[np.floating], truth: NDArray[np.bool_], thresholds: Floats
) -> PixelCounts:
    """Count one image's pixels at many thresholds in one pass, as arrays of len(thresholds).

    Args:
        probability: Probability of lesion, H×W, 0–1; a pixel is lesion from the threshold on.
        truth: The ground truth at the same size.
        thresholds: Ascending, 0–1.

    Raises:
        ValueError: The shapes differ, or the ground truth is not boolean.
    """
    check_masks(probability.shape, truth)
    passed = np.searchsorted(thresholds.astype(probability.dtype), probability, side="right")
    levels = len(thresholds) + 1
    histogram = np.bincount((passed + levels * truth).ravel(), minlength=2 * levels)
    # A pixel that passes k thresholds is lesion at the first k of them.
    outside, inside = histogram.reshape(2, levels)[:, ::-1].cumsum(axis=1)[:, ::-1]
    return PixelCounts(
        tp=inside[1:], fp=outside[1:], fn=inside[0] - inside[1:], tn=outside[0] - outside[1:]
    )


def stack_counts(counts: Sequence[PixelCounts]) -> PixelCounts:
    """Join the counts of images into arrays with the images as first dimension."""
    return PixelCounts(
        *(np.stack([getattr(one, name) for one in counts]) for name in ("tp", "fp", "fn", "tn"))
    )


@dataclass(frozen=True)
class SegmentationMetrics:
    """Agreement of a set's masks with their ground truths, each with its interval.

    Attributes:
        n: Images.
        n_groups: Groups (lesions, patients or images) that the intervals are drawn over.
        dice_per_image: Mean of the images' Dice.
        dice_pooled: Dice of all pixels together.
        jaccard_per_image: Mean of the images' Jaccard.
        jaccard_pooled: Jaccard of all pixels together.
        thresholded_jaccard: Mean of the images' Jaccard with those below 0.65 counted as 0.
        failure_rate: Share of images with a Jaccard below 0.65.
    """

    n: int
    n_groups: int
    dice_per_image: Interval
    dice_pooled: Interval
    jaccard_per_image: Interval
    jaccard_pooled: Interval
    thresholded_jaccard: Interval
    failure_rate: Interval

    def as_json(self) -> dict[str, Any]:
        """Return the metrics by the names that result files use."""
        return {
            "n": self.n,
            "n_groups": self.n_groups,
            "dice": {
                "per_image": self.dice_per_image.as_json(),
                "pooled": self.dice_pooled.as_json(),
            },
            "jaccard": {
                "per_image": self.jaccard_per_image.as_json(),
                "pooled": self.jaccard_pooled.as_json(),
            },
            "thresholded_jaccard": self.thresholded_jaccard.as_json(),
            "failure_rate": self.failure_rate.as_json(),
        }


def segmentation_metrics(
    counts: PixelCounts, groups: Sequence[str], bootstrap: Bootstrap | None = None
) -> SegmentationMetrics:
    """Return a set's metrics from its images' pixel counts.

    Args:
        counts: One number an image, arrays of length n.
        groups: For each image, the group that the bootstrap draws it with.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.

    Raises:
        ValueError: There are no images, or not one group an image.
    """
    if counts.tp.shape != (len(groups),):
        raise ValueError(
            f"expected one pixel count and one group an image, got counts of shape "
            f"{counts.tp.shape} and {len(groups)} groups"
        )

    def statistics(weights: Floats) -> dict[str, Floats]:
        return _weighted_metrics(counts, weights)

    intervals = (bootstrap or Bootstrap()).intervals(statistics, groups)
    return SegmentationMetrics(n=len(groups), n_groups=len(set(groups)), **intervals)


def _weighted_metrics(counts: PixelCounts, weights: Floats) -> dict[str, Floats]:
    jaccard = counts.jaccard
    failed = jaccard < FAILED_BELOW_JACCARD
    tp, wrong = weights @ counts.tp, weights @ (counts.fp + counts.fn)
    return {
        "dice_per_image": weighted_mean(counts.dice, weights),
        "dice_pooled": divide(2 * tp, 2 * tp + wrong, undefined=1.0),
        "jaccard_per_image": weighted_mean(jaccard, weights),
        "jaccard_pooled": divide(tp, tp + wrong, undefined=1.0),
        "thresholded_jaccard": weighted_mean(np.where(failed, 0.0, jaccard), weights),
        "failure_rate": weighted_mean(failed, weights),
    }
