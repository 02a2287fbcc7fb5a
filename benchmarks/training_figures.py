"""What the benchmarks of training make of each way's epochs: ratios, and a whole recipe's seconds.

A way tells of each epoch ``train_s`` and ``validation_s``; Lentigo's also ``writing_s``, and of a
phase's beginning ``start_s``, ``through_training_s`` and ``front_s`` (see ``own_training.py``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from side_by_side import ratio, spread

from lentigo.training.recipe import Recipe

OWN = "lentigo"

Answer = Mapping[str, Any]


class Trains(Protocol):
    """What takes turns."""

    def begin(self, phase: int) -> Answer: ...

    def epoch(self) -> Answer: ...


class Images(NamedTuple):
    """How many images a run trains on, and is validated on."""

    train: int
    validation: int

    @property
    def together(self) -> int:
        """All of them."""
        return self.train + self.validation


def divided(images: int, recipe: Recipe) -> Images:
    """Return how many of so many images a recipe leaves for training and for validation."""
    split, hold_out = recipe.data.split, recipe.data.hold_out
    left = images * (1 - hold_out.share if hold_out else 1)
    return Images(round(left * split.train), round(left * split.validation))


def in_turns(
    ways: Mapping[str, Trains], phase: int, rounds: int
) -> dict[str, list[dict[str, Any]]]:
    """Let all begin a phase; then each trains an epoch a round. Return what each told.

    What is told at the beginning stands in each of a way's answers.
    """
    begun = {name: way.begin(phase) for name, way in ways.items()}
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            told[name].append({**begun[name], **way.epoch()})
    return told


def phase_seconds(
    told: Sequence[Answer],
    epochs: int,
    batch: int,
    measured: Images,
    whole: Images,
    views: int | None = None,
) -> list[float]:
    """Return a whole phase's seconds, once for each epoch that was measured.

    Training grows with the steps of an epoch, validation with its images, and what a frozen front
    makes of images once a phase with the images and their views; to make the front, and to write,
    does not grow.

    Args:
        told: What the way told of each epoch.
        epochs: The phase's.
        batch: Images a step.
        measured: The images of the epochs that were measured.
        whole: Those that are to be told of.
        views: How many views of each training image the front goes over once, beside the validation
            images; None where nothing is kept.
    """
    steps = (whole.train // batch) / (measured.train // batch)
    validation = whole.validation / measured.validation
    once_s = 0.0
    if views is not None:
        growing_s = first_pass_seconds(told) * _passes(whole, views) / _passes(measured, views)
        once_s = told[0].get("front_s", 0.0) + growing_s
    return [
        once_s
        + epochs
        * (one["train_s"] * steps + one["validation_s"] * validation + one.get("writing_s", 0.0))
        for one in told
    ]


def first_pass_seconds(told: Sequence[Answer]) -> float:
    """Return what a phase's first epoch took longer than the others, but for making a front."""
    usual_s = np.median([one["train_s"] for one in told])
    first_s = told[0].get("through_training_s", usual_s) - told[0].get("front_s", 0.0)
    return max(0.0, float(first_s - usual_s))


def _passes(images: Images, views: int) -> int:
    return views * images.train + images.validation


def against(seconds: Mapping[str, Sequence[float]], own: str = OWN) -> dict[str, Any]:
    """Return each way's seconds, and how many times as fast ``own`` is."""
    return {
        "seconds": {name: spread(times) for name, times in seconds.items()},
        "speed_against": {
            name: ratio(times, seconds[own]) for name, times in seconds.items() if name != own
        },
    }
