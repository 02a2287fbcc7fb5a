"""How many processor cores there are to work with, and how many images to look at together."""

import os
from typing import Final

MOST_AT_ONCE: Final = 8
"""Images that are worked on together: more would wait for the models and only hold memory."""


def cores() -> int:
    """Return how many this process may use; where that is not told, how many there are."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return there or 1


def at_once(images: int | None = None) -> int:
    """Return how many of so many images, None of many, the models should look at together."""
    most = min(MOST_AT_ONCE, cores())
    return most if images is None else max(1, min(images, most))
