"""How many processor cores there are to work with."""

import os


def cores() -> int:
    """Return how many this process may use; where that is not told, how many there are."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return there or 1
