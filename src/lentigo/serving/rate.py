"""How often one caller may ask."""

import time
from collections import OrderedDict
from collections.abc import Callable

_CALLERS = 10_000
"""Callers that are remembered; the one not seen for longest is forgotten first."""


class Rate:
    """A token bucket for each caller: a minute's requests at once, then evenly over time.

    Args:
        per_minute: Requests in a minute.
        clock: Seconds that only grow.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._full = float(per_minute)
        self._per_s = per_minute / 60
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """Count one request; return 0, or the seconds until the next where it is one too many."""
        now = self._clock()
        left, seen = self._left.pop(caller, (self._full, now))
        left = min(self._full, left + (now - seen) * self._per_s)
        taken = left >= 1
        self._left[caller] = (left - 1 if taken else left, now)
        if len(self._left) > _CALLERS:
            self._left.popitem(last=False)
        return 0.0 if taken else (1 - left) / self._per_s
