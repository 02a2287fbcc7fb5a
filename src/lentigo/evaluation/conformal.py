"""What a sensitivity chosen on some lesions promises for others, whatever their distribution.

A lesion's loss at a threshold is the share of its malignant images below it: lesions, not images,
are exchangeable. Of a threshold that keeps the lesions' mean loss low enough, two things hold for
further lesions drawn as those were. On average over such draws the expected loss is at most the
rate asked for ("Conformal Risk Control", Angelopoulos et al., ICLR 2024). And with a confidence
over the draw it is at most a second rate (Bates et al., J. ACM 2021;68(6):43; with one image a
lesion that is the training-conditional validity of Vovk, ACML 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import bdtr, betaincinv

from lentigo.evaluation.ratios import Floats

# Sums of shares such as 1/3 miss whole numbers by their last digits.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class MalignantLesions:
    """The scores of malignant lesions.

    Attributes:
        n: Lesions.
        score: The probability of each of their m images, ascending, 0–1.
        weight: What missing each costs: 1 / images of its lesion.
    """

    n: int
    score: Floats
    weight: Floats

    @classmethod
    def of(
        cls, malignant: NDArray[np.bool_], probability: Floats, groups: Sequence[str]
    ) -> "MalignantLesions":
        """Take the malignant lesions out of a set of images.

        Args:
            malignant: True labels, of length n.
            probability: Probability of malignancy, of length n, 0–1.
            groups: Each image's lesion.
        """
        names = np.asarray(groups)[malignant]
        _, lesion_of_image, images = np.unique(names, return_inverse=True, return_counts=True)
        score = probability[malignant]
        order = np.argsort(score, kind="stable")
        return cls(len(images), score[order], (1 / images[lesion_of_image])[order])

    @property
    def one_image_each(self) -> bool:
        """Whether every lesion is either found or missed, and never found in part."""
        return len(self.score) == self.n

    def missed(self, threshold: Floats) -> Floats:
        """Return the lesions' losses, summed, at each threshold: 0–n."""
        below = np.searchsorted(self.score, threshold, side="left")
        return np.concatenate([[0.0], self.weight.cumsum()])[below]


def allowed_misses(n: int, miss_rate: float) -> float | None:
    """Return how much n lesions' summed loss may be for an expected loss of at most ``miss_rate``.

    The summed loss S must keep (S + 1) / (n + 1) ≤ miss_rate (Angelopoulos et al. 2024): the one
    lesion more is the next one, taken to be missed.

    Returns:
        The greatest S, ≥ 0; None where even S = 0 is too much: with n < 1 / miss_rate − 1 lesions.
    """
    allowed = miss_rate * (n + 1) - 1
    return max(allowed, 0.0) if allowed >= -_ROUNDING else None


def keeps(missed: Floats, allowed: float) -> NDArray[np.bool_]:
    """Return where a summed loss is no more than allowed, but for rounding."""
    return missed <= allowed + _ROUNDING


def least_sensitivity(n: int, allowed: float, confidence: float, *, one_image_each: bool) -> float:
    """Return the sensitivity that a threshold has at least, with a confidence over n lesions.

    The threshold is the highest that keeps the lesions' summed loss at ``allowed``; its own
    expected loss exceeds a rate only if the highest threshold of that rate keeps ``allowed``
    too, the chance of which is bounded. With losses of 0 and 1 that chance is binomial and the
    result Clopper and Pearson's lower bound (Biometrika 1934;26:404–413). Losses between spread no
    more than those: Hoeffding's convex order (JASA 1963;58:13–30) gives ``_chance_of_few``.

    Args:
        n: Malignant lesions, ≥ 1.
        allowed: What :func:`allowed_misses` says, 0 ≤ allowed < n.
        confidence: Between 0 and 1.
        one_image_each: Whether all losses are 0 or 1.
    """
    if one_image_each:
        misses = int(allowed + _ROUNDING)
        return 1 - float(betaincinv(misses + 1, n - misses, confidence))

    def excess(rate: float) -> float:
        return _chance_of_few(n, rate, allowed) - (1 - confidence)

    return 1 - float(brentq(excess, allowed / n, 1.0))


def _chance_of_few(n: int, rate: float, allowed: float) -> float:
    """Bound the chance that n losses in 0–1 with mean ``rate`` sum to ``allowed`` or less.

    It is min over whole c > allowed of E[max(c − B, 0)] / (c − allowed), B ~ Binomial(n, rate): a
    line over c bounds the step at ``allowed``, is convex, and so is greatest for losses 0 and 1.
    """
    c = np.arange(1, n + 1)
    mean_below = bdtr(c - 1.0, n, rate).cumsum()
    beyond = c > allowed + _ROUNDING
    return min(1.0, float((mean_below[beyond] / (c[beyond] - allowed)).min()))
