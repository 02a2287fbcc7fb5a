"""Rules that choose a threshold. They are for validation images, never for those of the test.

A probability from the threshold on counts as malignant. Candidates lie halfway between
neighbouring scores, so that the last digits of another engine's arithmetic change no decision. A
threshold above every score is no candidate: it would never find anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lentigo.bundle import Guarantee, OperatingPoint
from lentigo.evaluation.checks import check_scored
from lentigo.evaluation.conformal import (
    MalignantLesions,
    allowed_misses,
    keeps,
    least_sensitivity,
)
from lentigo.evaluation.ratios import Floats
from lentigo.evaluation.segmentation import PixelCounts
from lentigo.registry import Registry

CONFIDENCE = 0.9
"""With which a guarantee states the sensitivity of its own threshold."""


@dataclass(frozen=True)
class Candidates:
    """All thresholds that tell some images apart, ascending, with what each would decide.

    Attributes:
        threshold: The thresholds, of length k.
        tp: Malignant images found at each.
        fp: Benign images called malignant at each.
        n_malignant: Malignant images in all.
        n_benign: Benign images in all.
    """

    threshold: Floats
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    n_malignant: int
    n_benign: int

    @property
    def sensitivity(self) -> Floats:
        """Share of malignant images found at each threshold."""
        return self.tp / self.n_malignant

    @property
    def specificity(self) -> Floats:
        """Share of benign images left alone at each threshold."""
        return 1 - self.fp / self.n_benign


@dataclass(frozen=True)
class ThresholdRule:
    """A way to choose among candidates.

    Attributes:
        meaning: The rule in words, for bundles and model cards.
        choose: Returns the index of the chosen candidate.
        miss_rate: The share of malignant lesions' images that may be missed, 0–1, where the rule
            gives a guarantee: ``choose`` then is for too few lesions to give one.
    """

    meaning: str
    choose: Callable[[Candidates], int]
    miss_rate: float | None = None


RULES: Registry[ThresholdRule] = Registry("operating point")
_Choose: TypeAlias = Callable[[Candidates], int]


def _rule(name: str, meaning: str, miss_rate: float | None = None) -> Callable[[_Choose], _Choose]:
    def file(choose: _Choose) -> _Choose:
        RULES.register(name)(ThresholdRule(meaning, choose, miss_rate))
        return choose

    return file


@_rule("sensitivity-95", "the highest threshold with a sensitivity of at least 0.95", 0.05)
def _sensitivity_95(candidates: Candidates) -> int:
    return _highest_with_sensitivity(candidates, 0.95)


@_rule("sensitivity-90", "the highest threshold with a sensitivity of at least 0.90", 0.10)
def _sensitivity_90(candidates: Candidates) -> int:
    return _highest_with_sensitivity(candidates, 0.90)


@_rule("balanced", "the greatest sensitivity + specificity − 1 (Youden 1950)")
def _balanced(candidates: Candidates) -> int:
    return int(np.argmax(candidates.sensitivity + candidates.specificity))


@_rule("max-accuracy", "the greatest accuracy")
def _max_accuracy(candidates: Candidates) -> int:
    return int(np.argmax(candidates.tp - candidates.fp))


@_rule("max-f1", "the greatest F1")
def _max_f1(candidates: Candidates) -> int:
    called = candidates.tp + candidates.fp
    return int(np.argmax(2 * candidates.tp / (called + candidates.n_malignant)))


def _highest_with_sensitivity(candidates: Candidates, least: float) -> int:
    # In whole images: 19/20 must pass for 0.95, whatever the quotient rounds to.
    needed = np.ceil(least * candidates.n_malignant - 1e-9)
    return int(np.flatnonzero(candidates.tp >= needed)[-1])


def threshold_candidates(malignant: NDArray[np.bool_], probability: Floats) -> Candidates:
    """Return every threshold worth choosing from.

    Args:
        malignant: True labels, of length n.
        probability: Probability of malignancy, of length n, 0–1.

    Raises:
        ValueError: The lengths differ, a class is absent, or a probability is not in 0–1.
    """
    check_scored(malignant, probability)
    n_malignant = int(np.count_nonzero(malignant))
    n_benign = len(malignant) - n_malignant
    if not n_malignant or not n_benign:
        raise ValueError(
            f"a threshold is chosen on images of both classes, got {n_malignant} malignant and "
            f"{n_benign} benign"
        )
    scores, rank = np.unique(probability, return_inverse=True)
    tp, fp = (
        np.bincount(rank[of_class], minlength=len(scores))[::-1].cumsum()[::-1]
        for of_class in (malignant, ~malignant)
    )
    below = np.concatenate([[0.0], scores[:-1]])
    halfway = (below + scores) / 2
    # Neighbouring floats have no float between them; a lone lowest score of 0 has none below.
    threshold = np.where(halfway > below, halfway, scores)
    return Candidates(threshold, tp, fp, n_malignant, n_benign)


def choose_point(
    rule: str, malignant: NDArray[np.bool_], probability: Floats, groups: Sequence[str]
) -> OperatingPoint:
    """Return the point that the named rule chooses; of equals the lowest, which misses less.

    A rule with a ``miss_rate`` gives a guarantee, or says in words that lesions are too few.

    Args:
        rule: A name in ``RULES``.
        malignant: True labels of the validation images, of length n.
        probability: Their probability of malignancy, calibrated as it will be used, 0–1.
        groups: Each image's lesion.

    Raises:
        UnknownNameError: There is no such rule.
        ValueError: The lengths differ, a class is absent, or a probability is not in 0–1.
    """
    chosen = RULES[rule]
    candidates = threshold_candidates(malignant, probability)
    if len(groups) != len(malignant):
        raise ValueError(f"expected one group an image, got {len(groups)} for {len(malignant)}")
    on = f"on {len(malignant)} validation images, {candidates.n_malignant} of them malignant"
    if chosen.miss_rate is not None:
        lesions = MalignantLesions.of(malignant, probability, groups)
        allowed = allowed_misses(lesions.n, chosen.miss_rate)
        if allowed is not None:
            return _guaranteed(candidates, lesions, chosen.miss_rate, allowed, on)
        needed = np.ceil(1 / chosen.miss_rate - 1 - 1e-9)
        on += f" (too few for a guarantee: {lesions.n} malignant lesions; it needs {needed:.0f})"
    threshold = float(candidates.threshold[chosen.choose(candidates)])
    return OperatingPoint(threshold=threshold, rule=f"{chosen.meaning}, {on}")


def _guaranteed(
    candidates: Candidates, lesions: MalignantLesions, miss_rate: float, allowed: float, on: str
) -> OperatingPoint:
    # A candidate lies below the highest threshold that would do, on the side that misses less.
    highest = np.flatnonzero(keeps(lesions.missed(candidates.threshold), allowed))[-1]
    return OperatingPoint(
        threshold=float(candidates.threshold[highest]),
        rule=f"the highest threshold that is expected to miss at most {miss_rate:.0%} of malignant "
        f"lesions (conformal risk control), {on}",
        guarantee=Guarantee(
            expected_sensitivity=1 - miss_rate,
            sensitivity=least_sensitivity(
                lesions.n, allowed, CONFIDENCE, one_image_each=lesions.one_image_each
            ),
            confidence=CONFIDENCE,
            n_malignant_lesions=lesions.n,
        ),
    )


def best_mask_threshold(thresholds: Floats, counts: PixelCounts) -> float:
    """Return the threshold with the greatest mean of the images' Dice; of equals the middle one.

    Args:
        thresholds: Ascending, of length k, 0–1.
        counts: Pixel counts of images × k (see ``count_pixels_by_threshold``).
    """
    score = counts.dice.mean(axis=0)
    best = np.flatnonzero(score == score.max())
    return float(thresholds[best[len(best) // 2]])
