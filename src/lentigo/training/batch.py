"""What a net is trained on in one step: images changed by chance, and their targets."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lentigo.training.augment import augment, augment_view
from lentigo.training.data import Part
from lentigo.training.recipe import Recipe


def training_batch(
    recipe: Recipe, part: Part, chosen: NDArray[np.int64], chance: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return pixels, B×C×H×W of 0–255, and targets: masks of 0 and 1, or labels, B×1 in 0–1.

    Args:
        recipe: How images and labels are changed.
        part: The training images.
        chosen: Which of them.
        chance: Where all chance comes from: the same state gives the same batch. Images are
            changed on its device, and that is where the batch is.
    """
    pixels, target = part.take(chosen, chance.device)
    with chance.device:  # what is drawn and made beside the pixels is made there too
        return _changed(recipe, pixels, target, chance)


def _changed(
    recipe: Recipe, pixels: Tensor, target: Tensor, chance: torch.Generator
) -> tuple[Tensor, Tensor]:
    if recipe.task == "segmentation":
        pixels, moved = augment(pixels, target, recipe.augmentation, chance)
        return pixels, target if moved is None else moved
    pixels = augment_view(pixels, recipe.augmentation, chance)
    if recipe.mixup:
        pixels, target = mixup(pixels, target, recipe.mixup, chance)
    return pixels, smoothed(target, recipe.label_smoothing)


def mixup(
    pixels: Tensor, target: Tensor, alpha: float, chance: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Blend each image, and its label, with another of the batch (Zhang et al. 2018, eq. 1).

    The share λ is drawn from Beta(α, α), one for the batch, as in the authors' code.
    """
    partners = torch.randperm(len(pixels), generator=chance)
    seed = int(torch.randint(2**62, (), generator=chance))
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    return blended(pixels, partners, share), blended(target, partners, share)


def blended(values: Tensor, partners: Tensor, share: float) -> Tensor:
    """Return λ·x + (1 − λ)·x', x' being the values at ``partners`` and λ the ``share``."""
    return torch.lerp(values[partners], values, share)


def smoothed(target: Tensor, share: float) -> Tensor:
    """Return labels of which ``share`` is divided between both classes (Szegedy et al. 2016)."""
    return target * (1 - share) + share / 2
