"""A recipe's images in memory-mapped pixels, and the order in which epochs take them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lentigo.errors import TrainingError

Order: TypeAlias = NDArray[np.int64]

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Part:
    """The images of one part.

    Attributes:
        images: All images of the data set, uint8 N×H×W×C, memory-mapped.
        masks: Their masks, uint8 N×H×W of 0 and 1, memory-mapped; none in classification.
        rows: This part's rows in both, of length n.
        labels: 1 for malignant, of length n; unused in segmentation.
        further: How many of the n, the last ones, are of the recipe's further source.
        groups: Each one's lesion, of length n; unused in segmentation.
        diagnoses: Each one's place in the recipe's diagnoses, of length n, ``UNKNOWN`` where it has
            none of them; none where diagnoses are not learnt.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8] | None
    rows: NDArray[np.int64]
    labels: NDArray[np.float32]
    further: int = 0
    groups: tuple[str, ...] = ()
    diagnoses: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: NDArray[np.int64], device: torch.device = CPU) -> tuple[Tensor, Tensor]:
        """Return pixels (float, B×C×H×W, 0–255) and targets (B×1×H×W masks or B×1 labels)."""
        rows = self.rows[chosen]
        # Bytes travel to the device: a quarter of what floats would be.
        pixels = torch.from_numpy(self.images[rows]).to(device).permute(0, 3, 1, 2).float()
        if self.masks is not None:
            return pixels, torch.from_numpy(self.masks[rows]).to(device).unsqueeze(1).float()
        return pixels, torch.from_numpy(self.labels[chosen]).to(device).unsqueeze(1)

    def in_order(self, batch_size: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Yield every image once, in order; the last batch may be smaller."""
        for chosen in in_order(len(self), batch_size):
            pixels, target = self.take(chosen)
            yield (pixels,), target


def in_order(count: int, batch_size: int) -> Iterator[Order]:
    """Yield the numbers below ``count`` in batches; the last one may be smaller."""
    for start in range(0, count, batch_size):
        yield np.arange(start, min(start + batch_size, count))


def epoch_images(count: int, further: int, share: float, seed: int, epoch: int) -> Order:
    """Return one epoch's images in their order: a function of the seed and the epoch alone.

    Args:
        count: All training images.
        further: How many of them, the last ones, are of a further source.
        share: The further source's share of the epoch; as many are drawn, at most all of them.
        seed: The recipe's seed.
        epoch: The epoch's number over the whole run.
    """
    chance = np.random.default_rng((seed, epoch))
    own = count - further
    drawn = min(further, round(own * share / (1 - share)))
    return chance.permutation(
        np.concatenate((np.arange(own), own + chance.permutation(further)[:drawn]))
    )


def balanced(order: Order, labels: NDArray[np.float32], seed: int, epoch: int) -> Order:
    """Return as many images of an epoch, benign and malignant ones in turn.

    Any batch cut from them holds both alike, one more of either where its size is odd. Of the class
    that is rarer than its half each image comes equally often or once less, of the other no image
    comes twice, and other ones each epoch.

    Args:
        order: The epoch's images, of both classes.
        labels: Each image's label; ``order`` points into them.
        seed: The recipe's seed.
        epoch: The epoch's number over the whole run.

    Raises:
        TrainingError: The epoch's images are all of one class.
    """
    chance = np.random.default_rng((seed, epoch, 1))
    drawn = np.empty_like(order)
    for label in (0, 1):
        own, places = order[labels[order] == label], drawn[label::2]
        if not len(own):
            raise TrainingError(
                f"sampling: balanced needs both classes; of the {len(order)} images of epoch "
                f"{epoch + 1} none has the label {label}: give more data"
            )
        rounds = -(-len(places) // len(own))
        shuffled = [chance.permutation(own) for _ in range(rounds)]
        places[:] = np.concatenate(shuffled)[: len(places)]
    return drawn


def batches_of(order: Order, batch_size: int, rank: int = 0, ranks: int = 1) -> list[Order]:
    """Cut an epoch's images into batches, of which each process takes its own.

    What does not fill a last batch for every process waits for another epoch's shuffle, since
    batch norm is ill at ease with a batch of one.

    Raises:
        TrainingError: There are fewer images than one batch for every process.
    """
    whole = len(order) // (batch_size * ranks)
    if not whole:
        raise TrainingError(
            f"{len(order)} training images do not fill one batch of {batch_size} for each of "
            f"{ranks} process(es); lower batch_size or give more data"
        )
    filled = order[: whole * batch_size * ranks]
    return list(filled.reshape(whole, ranks, batch_size)[:, rank])
