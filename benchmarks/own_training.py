"""Lentigo's own way of training, for benchmarks: what ``lentigo train`` runs, an epoch at a time.

It is run whole and unchanged; who hears of its epochs keeps it waiting between them.
"""

import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from taking_turns import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from lentigo.training.front import Ask
    from lentigo.training.progress import EpochRecord
    from lentigo.training.recipe import Phase


class Turnstile:
    """Lets a run through to the end of the next epoch whenever it is asked to.

    Of each epoch it tells the seconds of training, of validation (to a hundredth, as the run's own
    record has them), and of writing weights and curves. A phase's first epoch is its beginning, of
    which it tells ``start_s``, all that the run did before its first phase, ``through_training_s``,
    the epoch's training with what is computed once for the phase before it, and of that
    ``front_s``, to make a frozen front, which does not grow with the images.

    Args:
        asked: The pipe.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.begins = False
        self.front_s = 0.0
        self.start_s: float | None = None
        asked.hear()
        self.started = self.trained = time.perf_counter()

    def phase(self, phase: "Phase", idle: str | None) -> None:
        now = time.perf_counter()
        if self.start_s is None:
            self.start_s = now - self.started
        self.started, self.begins, self.front_s = now, True, 0.0

    def timed(self, make: "Callable[..., Ask]") -> "Callable[..., Ask]":
        """Return what makes a frozen front and is timed."""

        def made(*given: Any) -> "Ask":
            began = time.perf_counter()
            ask = make(*given)
            self.front_s = time.perf_counter() - began
            return ask

        return made

    def step(self, phase: "Phase", epoch: int, done: int, total: int, loss: float) -> None:
        self.trained = time.perf_counter()

    def epoch(self, record: "EpochRecord") -> None:
        written = time.perf_counter()
        if self.begins:
            told: dict[str, Any] = {
                "start_s": self.start_s,
                "through_training_s": self.trained - self.started,
                "front_s": self.front_s,
            }
        else:
            # An epoch's record holds training and validation.
            validated = self.started + record.seconds
            told = {
                "train_s": self.trained - self.started,
                "validation_s": validated - self.trained,
                "writing_s": written - validated,
                "loss": record.train_loss,
            }
        self.begins = False
        self.asked.tell(told)
        self.asked.hear()
        self.started = time.perf_counter()


def main() -> None:
    # TensorBoard loads TensorFlow where it is installed: it must not come into this process. Where
    # there is such a module, it does without.
    sys.modules["tensorboard.compat.notf"] = ModuleType("tensorboard.compat.notf")
    from lentigo.training import kept  # noqa: PLC0415
    from lentigo.training.recipe import read_recipe  # noqa: PLC0415
    from lentigo.training.run import train  # noqa: PLC0415

    asked = Asked()
    chosen = asked.settings
    os.environ["LENTIGO_CACHE"] = chosen["cache"]  # nothing is prepared beforehand
    torch.set_num_threads(chosen["threads"])
    recipe = read_recipe(Path(chosen["recipe"]), tuple(chosen["changes"]))
    roots = {recipe.data.source: Path(chosen["root"])}
    turnstile = Turnstile(asked)
    kept.frozen_front = turnstile.timed(kept.frozen_front)
    train(recipe, roots, Path(chosen["out"]), turnstile)


if __name__ == "__main__":
    main()
