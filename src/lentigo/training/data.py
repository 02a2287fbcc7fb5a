"""A recipe's images in memory-mapped pixels, and the order in which epochs take them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lentigo.errors import TrainingError


@dataclass(frozen=True)
class Part:
    """The images of one part.

    Attributes:
        images: All images of the data set, uint8 N×H×W×3, memory-mapped.
        masks: Their masks, uint8 N×H×W of 0 and 1, memory-mapped; none in classification.
        rows: This part's rows in both, of length n.
        labels: 1 for malignant, of length n; unused in segmentation.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8] | None
    rows: NDArray[np.int64]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return pixels (float, B×3×H×W, 0–255) and targets (B×1×H×W masks or B×1 labels)."""
        rows = self.rows[chosen]
        pixels = torch.from_numpy(self.images[rows]).permute(0, 3, 1, 2).float()
        if self.masks is not None:
            return pixels, torch.from_numpy(self.masks[rows]).unsqueeze(1).float()
        return pixels, torch.from_numpy(self.labels[chosen]).unsqueeze(1)

    def in_order(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every image once, in order; the last batch may be smaller."""
        for start in range(0, len(self), batch_size):
            yield self.take(np.arange(start, min(start + batch_size, len(self))))


def epoch_order(
    count: int, batch_size: int, seed: int, epoch: int, rank: int = 0, ranks: int = 1
) -> list[NDArray[np.int64]]:
    """Return the batches of one epoch: a function of the seed and the epoch's number alone.

    Every image comes at most once; what does not fill a last batch for every process waits for
    another epoch's shuffle, since batch norm is ill at ease with a batch of one.

    Raises:
        TrainingError: There are fewer images than one batch for every process.
    """
    whole = count // (batch_size * ranks)
    if not whole:
        raise TrainingError(
            f"{count} training images do not fill one batch of {batch_size} for each of {ranks} "
            "process(es); lower batch_size or give more data"
        )
    order = np.random.default_rng((seed, epoch)).permutation(count)[: whole * batch_size * ranks]
    return list(order.reshape(whole, ranks, batch_size)[:, rank])
