"""The validation part through a net: loss, score, and the probabilities that thresholds are
chosen on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from lentigo.evaluation.ranking import auc
from lentigo.training.data import Part
from lentigo.training.diagnoses import diagnosis_loss
from lentigo.training.losses import Loss


@dataclass(frozen=True)
class Validation:
    """A net's mean loss over the part's images, and its score: per-image Dice at 0.5, or AUC."""

    loss: float
    score: float


class Batches(Protocol):
    """What goes through a net in a part's order, with its targets: pixels, or kept features."""

    def in_order(self, batch_size: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Yield every image's once; the last batch may be smaller."""


def logits_of(
    model: nn.Module, batches: Batches, batch_size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield logits and targets, float32 on the CPU, batch by batch in the part's order."""
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        for inputs, target in batches.in_order(batch_size):
            logits = model(*placed(inputs, device))
            yield logits.float().cpu(), target.cpu()


def placed(inputs: tuple[Tensor, ...], device: torch.device) -> tuple[Tensor, ...]:
    """Return a net's inputs on its device, pictures and maps with their channels last."""
    return tuple(
        one.to(device, memory_format=torch.channels_last) if one.ndim == 4 else one.to(device)
        for one in inputs
    )


def validate(
    model: nn.Module,
    part: Part,
    loss: Loss,
    batch_size: int,
    diagnoses_weight: float = 0.0,
    kept: Batches | None = None,
) -> Validation:
    """Run the whole part through the net; a classifier's part must hold both classes.

    Args:
        model: The net.
        part: The images.
        loss: The loss.
        batch_size: Images that go through the net at a time.
        diagnoses_weight: What the diagnoses' cross-entropy, where they are learnt, counts in the
            loss; the score is of malignancy alone.
        kept: What goes through ``model`` in the place of the part's pixels.
    """
    losses, dices, scores, labels, diagnoses = [], [], [], [], []
    for logits, target in logits_of(model, kept or part, batch_size):
        losses.append(loss(logits[:, :1], target))
        if part.masks is not None:
            dices.append(_dice(logits, target))
        else:
            scores.append(logits[:, 0].sigmoid())
            labels.append(target.flatten().bool())
            diagnoses.append(logits[:, 1:])
    mean_loss = torch.cat(losses).mean().item()
    if part.diagnoses is not None:
        truth = torch.from_numpy(part.diagnoses)
        mean_loss += diagnoses_weight * diagnosis_loss(torch.cat(diagnoses), truth).item()
    if dices:
        return Validation(mean_loss, torch.cat(dices).mean().item())
    malignant = torch.cat(labels).numpy()
    return Validation(mean_loss, auc(malignant, torch.cat(scores).numpy().astype(np.float64)))


def _dice(logits: Tensor, target: Tensor) -> Tensor:
    found, real = (logits >= 0).flatten(1), target.flatten(1) >= 0.5
    both = (found & real).sum(1)
    sizes = found.sum(1) + real.sum(1)
    return torch.where(sizes > 0, 2 * both / sizes.clamp_min(1), 1.0)
