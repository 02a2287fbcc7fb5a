"""Scoring masks with bootstrap intervals against torchmetrics and MONAI; the scores must be equal.

Pairs of 600×450, found and true, are drawn once and counted again under new names until they are
``--images``. The limit is one look at each mask: counting its lesion pixels and nothing else.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from side_by_side import alternate, options, ratio, spread, write

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.segmentation import count_pixels, segmentation_metrics, stack_counts
from lentigo.imaging.arrays import Mask
from lentigo.imaging.geometry import resize_mask
from lentigo.synthetic import draw_lesion

SIZE_PX = (450, 600)
DISTINCT = 250  # pairs: 135 MB, more than a processor's cache holds
DRAWS = 1000
SHAPES = 12

Pairs = list[tuple[Mask, Mask]]


def draw_pairs(images: int) -> Pairs:
    """Return masks beside others that are moved a little: Dice of every size."""
    shapes = [resize_mask(draw_lesion(seed).mask, SIZE_PX) for seed in range(SHAPES)]
    generator = np.random.default_rng(0)
    pairs = []
    for at in range(min(images, DISTINCT)):
        truth = np.roll(shapes[at % SHAPES], generator.integers(-40, 40, 2), (0, 1))
        pairs.append((np.roll(truth, generator.integers(-60, 60, 2), (0, 1)), truth))
    return [pairs[at % len(pairs)] for at in range(images)]


def own(pairs: Pairs, draws: int) -> dict[str, tuple[float, float, float]]:
    """Score as ``lentigo evaluate`` does, all six scores with their intervals."""
    counts = stack_counts([count_pixels(found, truth) for found, truth in pairs])
    scores = segmentation_metrics(counts, list(map(str, range(len(pairs)))), Bootstrap(draws))
    told = {"dice": scores.dice_per_image, "jaccard": scores.jaccard_per_image}
    return {name: (one.value, one.low, one.high) for name, one in told.items()}


def measure(pairs: Pairs, rounds: int) -> dict[str, Any]:
    """Time all ways and compare their scores."""
    from peers import scoring  # noqa: PLC0415 (its libraries are an extra)

    told: dict[str, dict[str, tuple[float, float, float]]] = {}

    def timed(name: str, way: Callable[[], Any]) -> Callable[[], float]:
        def turn() -> float:
            started = time.perf_counter()
            told[name] = way()
            return time.perf_counter() - started

        return turn

    ways = {"lentigo": timed("lentigo", lambda: own(pairs, DRAWS))}
    for name, peer in scoring.PEERS.items():
        peer(pairs[: scoring.BATCH], 2)  # what is done once, at first use, does not count
        ways[name] = timed(name, lambda peer=peer: peer(pairs, DRAWS))
    ways["limit"] = timed("limit", lambda: _look(pairs))
    seconds = alternate(ways, rounds)
    _ = told.pop("limit")
    for name, scores in told.items():
        for score, (value, *_) in scores.items():
            if abs(value - told["lentigo"][score][0]) > 1e-6:
                raise SystemExit(f"{name}: {score} is {value}, not {told['lentigo'][score][0]}")
    return {
        "images": len(pairs),
        "draws": DRAWS,
        "seconds": {name: spread(times) for name, times in seconds.items()},
        "speed_against": {
            name: ratio(times, seconds["lentigo"])
            for name, times in seconds.items()
            if name != "lentigo"
        },
        "scores": told,
    }


def _look(pairs: Pairs) -> None:
    for found, truth in pairs:
        np.count_nonzero(found)
        np.count_nonzero(truth)


if __name__ == "__main__":
    chosen = options(__doc__, images=10_000, rounds=5)
    write("evaluation", measure(draw_pairs(chosen.images), chosen.rounds), chosen.out)
