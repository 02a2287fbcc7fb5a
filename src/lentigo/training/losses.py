"""Losses, each a function of logits and targets that returns one value for each image.

One value an image, not one a batch: an image with a small lesion counts as much as one with a
large, and images can be weighted. Logits and targets are float, N×1×H×W or N×1; targets are 0 or 1.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from lentigo.registry import Registry

Loss = Callable[[Tensor, Tensor], Tensor]

LOSSES: Registry[Loss] = Registry("loss")

_SMOOTH_PX = 1.0  # keeps the ratios defined and their gradients calm where a mask is empty


def _overlap(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return soft true positives, false positives and false negatives, in px, for each image."""
    probability = torch.sigmoid(logits).flatten(1)
    truth = target.flatten(1)
    hit = (probability * truth).sum(1)
    return hit, probability.sum(1) - hit, truth.sum(1) - hit


@LOSSES.register("bce")
def bce(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy, the mean over an image's pixels."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1).mean(1)


@LOSSES.register("dice")
def dice(logits: Tensor, target: Tensor) -> Tensor:
    """One minus the soft Dice coefficient (Milletari et al. 2016, V-Net, eq. 3, not squared)."""
    hit, excess, missed = _overlap(logits, target)
    return 1 - (2 * hit + _SMOOTH_PX) / (2 * hit + excess + missed + _SMOOTH_PX)


def tversky_index(logits: Tensor, target: Tensor, alpha: float, beta: float) -> Tensor:
    """Tversky index TP / (TP + α·FP + β·FN) (Salehi et al. 2017, eq. 3), one value an image.

    β above α makes a missed pixel cost more than one in excess; α = β = 0.5 is soft Dice.
    """
    hit, excess, missed = _overlap(logits, target)
    return (hit + _SMOOTH_PX) / (hit + alpha * excess + beta * missed + _SMOOTH_PX)


@LOSSES.register("focal-tversky")
def focal_tversky(
    logits: Tensor, target: Tensor, alpha: float = 0.3, beta: float = 0.7, gamma: float = 4 / 3
) -> Tensor:
    """(1 − TI)^(1/γ), Abraham & Khan 2019, eq. 4, at the paper's α = 0.3, β = 0.7, γ = 4/3.

    γ above 1 lets images that are outlined badly weigh more in the gradient.
    """
    shortfall = 1 - tversky_index(logits, target, alpha, beta)
    # The root's slope is infinite at 0: a perfect image must not make the gradient NaN.
    return shortfall.clamp_min(1e-6) ** (1 / gamma)


@LOSSES.register("bce+dice")
def bce_dice(logits: Tensor, target: Tensor) -> Tensor:
    """BCE plus Dice loss, equally weighted."""
    return bce(logits, target) + dice(logits, target)


@LOSSES.register("bce+focal-tversky")
def bce_focal_tversky(logits: Tensor, target: Tensor) -> Tensor:
    """BCE plus focal Tversky loss, equally weighted."""
    return bce(logits, target) + focal_tversky(logits, target)


def balanced_weights(labels: Tensor) -> Tensor:
    """Return the weights of a negative and a positive sample, n / (2·n_class).

    With 8,061 benign and 1,954 malignant they are about 0.62 and 2.56: each class then counts
    half.

    Raises:
        ValueError: Only one class is there.
    """
    positive = int(labels.sum())
    negative = labels.numel() - positive
    if not positive or not negative:
        raise ValueError(
            f"balanced class weights need both classes; got {negative} benign and "
            f"{positive} malignant training images"
        )
    return labels.numel() / (2 * torch.tensor([negative, positive], dtype=torch.float32))
