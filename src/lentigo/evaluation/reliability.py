"""Do probabilities come true: the share that is malignant among images of about one probability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.calibration import ECE_BINS, in_bins
from lentigo.evaluation.checks import check_scored
from lentigo.evaluation.ratios import Floats, divide


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose probability lies in one bin.

    Attributes:
        low: The bin's lower edge, which is in it.
        high: Its upper edge.
        n: Images.
        n_malignant: Malignant images among them.
        mean_probability: Of these images, 0–1.
        share_malignant: n_malignant / n; calibrated where it is ``mean_probability``.
    """

    low: float
    high: float
    n: int
    n_malignant: int
    mean_probability: float
    share_malignant: Interval

    def as_json(self) -> dict[str, Any]:
        """Return the bin by the names that result files use."""
        return vars(self) | {"share_malignant": self.share_malignant.as_json()}


def reliability(
    malignant: NDArray[np.bool_],
    probability: Floats,
    groups: Sequence[str],
    bootstrap: Bootstrap | None = None,
) -> list[ReliabilityBin]:
    """Return the bins of the calibration error that hold an image, by rising probability.

    Σ n/N · |mean_probability − share_malignant| over them is the expected calibration error
    (Naeini et al. 2015; Guo et al. 2017); drawn, they are the reliability diagram (DeGroot and
    Fienberg 1983).

    Args:
        malignant: True labels, of length N.
        probability: Calibrated probability of malignancy, of length N, 0–1.
        groups: For each image, the group that the bootstrap draws it with.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.

    Raises:
        ValueError: There are no images, the lengths differ, or a probability is not in 0–1.
    """
    check_scored(malignant, probability)
    inside = in_bins(probability)
    filled = np.flatnonzero(inside.any(axis=0)).tolist()

    def statistics(weights: Floats) -> dict[str, Floats]:
        images, hits = weights @ inside, weights @ (inside & malignant[:, None])
        share = divide(hits, images, undefined=float("nan"))
        return {str(i): share[:, i] for i in filled}

    shares = (bootstrap or Bootstrap()).intervals(statistics, groups)
    return [
        ReliabilityBin(
            low=i / ECE_BINS,
            high=(i + 1) / ECE_BINS,
            n=int(inside[:, i].sum()),
            n_malignant=int(malignant[inside[:, i]].sum()),
            mean_probability=float(probability[inside[:, i]].mean()),
            share_malignant=shares[str(i)],
        )
        for i in filled
    ]
