"""Dice and Jaccard of each image with intervals, by torchmetrics and by MONAI."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from monai.metrics import DiceMetric, MeanIoU
from torch import Tensor
from torchmetrics import MeanMetric
from torchmetrics.functional.segmentation import dice_score, mean_iou
from torchmetrics.wrappers import BootStrapper

BATCH = 100

Scores = dict[str, tuple[float, float, float]]


def with_torchmetrics(pairs: Sequence[tuple[np.ndarray, np.ndarray]], draws: int) -> Scores:
    """Score by the functional metrics, which tell of each image, and draw by ``BootStrapper``."""
    dice, jaccard = [], []
    for found, truth in _batches(pairs):
        dice.append(dice_score(found, truth, 1, input_format="one-hot"))
        jaccard.append(mean_iou(found, truth, 1, input_format="one-hot"))
    return {"dice": _bootstrapped(dice, draws), "jaccard": _bootstrapped(jaccard, draws)}


def _bootstrapped(scores: list[Tensor], draws: int) -> tuple[float, float, float]:
    values = torch.cat([part.flatten() for part in scores])
    quantile = torch.tensor((0.025, 0.975))
    drawn = BootStrapper(MeanMetric(), draws, quantile=quantile, sampling_strategy="multinomial")
    drawn.update(values)
    low, high = drawn.compute()["quantile"]
    return float(values.mean()), float(low), float(high)


def with_monai(pairs: Sequence[tuple[np.ndarray, np.ndarray]], draws: int) -> Scores:
    """Score by the cumulative metrics; MONAI has no bootstrap, so that NumPy draws."""
    metrics = {
        "dice": DiceMetric(include_background=True, ignore_empty=False),
        "jaccard": MeanIoU(include_background=True, ignore_empty=False),
    }
    for found, truth in _batches(pairs):
        for metric in metrics.values():
            metric(found, truth)
    return {
        name: _drawn(metric.get_buffer().numpy().ravel(), draws) for name, metric in metrics.items()
    }


def _drawn(values: np.ndarray, draws: int) -> tuple[float, float, float]:
    generator = np.random.default_rng(0)
    picks = (generator.integers(len(values), size=len(values)) for _ in range(draws))
    low, high = np.quantile([values[pick].mean() for pick in picks], (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def _batches(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[Tensor, Tensor]]:
    for start in range(0, len(pairs), BATCH):
        found, truth = (
            np.stack(masks) for masks in zip(*pairs[start : start + BATCH], strict=True)
        )
        yield torch.from_numpy(found)[:, None], torch.from_numpy(truth)[:, None]


PEERS: dict[str, Callable[[Sequence[tuple[np.ndarray, np.ndarray]], int], Scores]] = {
    "torchmetrics": with_torchmetrics,
    "MONAI": with_monai,
}
