"""Confidence intervals by the cluster bootstrap: whole groups of images are drawn, not images.

Several images of one lesion are not independent; drawing them together keeps the intervals
honest (Field & Welsh 2007, "Bootstrapping clustered data", J. R. Stat. Soc. B 69(3)). The
intervals are percentile intervals (Efron & Tibshirani 1993, ch. 13).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lentigo.evaluation.ratios import Floats

Statistics: TypeAlias = Callable[[Floats], Mapping[str, Floats]]

# 8 MiB of weights at a time: they stay in the processor's cache, and memory does not grow
# with the number of draws.
_WEIGHTS_PER_CHUNK = 2**20


@dataclass(frozen=True)
class Interval:
    """A value on the whole set and the interval that its bootstrap draws span.

    Attributes:
        value: The statistic on every image once; NaN where it is not defined.
        low: Lower end of the interval; NaN where no draw defines the statistic.
        high: Upper end of the interval.
    """

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """Return the three numbers by name, with ``None`` for what is not defined."""
        return {
            name: None if np.isnan(number) else number
            for name, number in (("value", self.value), ("low", self.low), ("high", self.high))
        }


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn; the same settings on the same groups give the same intervals.

    Attributes:
        draws: Number of resampled sets.
        level: Share of the draws that lies inside an interval, between 0 and 1.
        seed: Seed of the random draws.
    """

    draws: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that draw nothing.

        Raises:
            ValueError: Fewer than one draw, or a level outside (0, 1).
        """
        if self.draws < 1:
            raise ValueError(f"expected at least 1 bootstrap draw, got {self.draws}")
        if not 0 < self.level < 1:
            raise ValueError(f"expected a level between 0 and 1, got {self.level}")

    def intervals(self, statistics: Statistics, groups: Sequence[str]) -> dict[str, Interval]:
        """Return the value and interval of each statistic.

        Args:
            statistics: Takes how often each image counts (draws × images, ≥ 0) and returns, for
                each statistic, one value a draw, NaN where a draw does not define it (such as
                an AUC without malignant images; such draws are left out).
            groups: For each image, the group it is drawn with.

        Raises:
            ValueError: There are no images.
        """
        drawn = [statistics(weights) for weights in self.weights(groups)]
        once = statistics(np.ones((1, len(groups))))
        return {
            name: Interval(
                float(value[0]), *self._ends(np.concatenate([chunk[name] for chunk in drawn]))
            )
            for name, value in once.items()
        }

    def weights(self, groups: Sequence[str]) -> Iterator[Floats]:
        """Yield, in chunks of draws × images, how often each image stands in each drawn set.

        Each set draws as many groups as there are, with replacement.

        Raises:
            ValueError: There are no images.
        """
        if not len(groups):
            raise ValueError("expected at least 1 image to draw from, got none")
        names, group_of_image = np.unique(list(groups), return_inverse=True)
        n_groups = len(names)
        generator = np.random.default_rng(self.seed)
        chunk = max(1, _WEIGHTS_PER_CHUNK // len(group_of_image))
        for start in range(0, self.draws, chunk):
            draws = min(chunk, self.draws - start)
            picks = generator.integers(n_groups, size=(draws, n_groups))
            picks += n_groups * np.arange(draws)[:, None]
            counts = np.bincount(picks.ravel(), minlength=draws * n_groups)
            yield counts.reshape(draws, n_groups)[:, group_of_image].astype(np.float64)

    def _ends(self, draws: Floats) -> tuple[float, float]:
        defined = draws[~np.isnan(draws)]
        if not defined.size:
            return float("nan"), float("nan")
        tail = (1 - self.level) / 2
        low, high = np.quantile(defined, (tail, 1 - tail))
        return float(low), float(high)
