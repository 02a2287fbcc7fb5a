"""A claim's verdict."""

from typing import Literal

from lentigo.evaluation.bootstrap import Interval

Verdict = Literal["holds", "does not hold", "not shown"]


def verdict(difference: Interval) -> Verdict:
    """Return whether a claimed gain is shown: its interval lies above 0, below 0, or holds 0."""
    if difference.low > 0:
        return "holds"
    if difference.high < 0:
        return "does not hold"
    return "not shown"
