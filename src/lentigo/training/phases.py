"""What a phase makes of a net and of the learning rate: pure functions of the recipe."""

import math

from lentigo.training.recipe import Phase


def learning_rate(phase: Phase, done: float, reductions: int) -> float:
    """Return the rate at a point of a phase.

    Args:
        phase: The phase.
        done: Share of the phase's steps that are done, 0–1.
        reductions: How often the score's plateau has reduced the rate in this phase.
    """
    rate = phase.learning_rate
    if phase.plateau:
        rate *= phase.plateau.factor**reductions
    if phase.schedule == "cosine":  # Loshchilov & Hutter 2017, eq. 5, without restarts
        rate *= 0.5 * (1 + math.cos(math.pi * done))
    return rate
