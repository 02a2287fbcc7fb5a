"""Losses, each a function of logits and targets that returns one value for each image.

One value an image, not one a batch: an image with a small lesion counts as much as one with a
large, and images can be weighted. Logits and targets are float, N×1×H×W or N×1; targets are 0 or 1.
Further arguments with a default are the loss's options in a recipe; ``class_counts`` is filled in.
"""

import functools
import inspect
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from lentigo.errors import RecipeError
from lentigo.registry import Registry

Loss = Callable[[Tensor, Tensor], Tensor]

LOSSES: Registry[Callable[..., Tensor]] = Registry("loss")

_SMOOTH_PX = 1.0  # keeps the ratios defined and their gradients calm where a mask is empty
_SMALLEST = 1e-12  # a power's slope may be infinite or undefined at 0


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


@LOSSES.register("focal")
def focal(logits: Tensor, target: Tensor, gamma: float = 2.0, alpha: float | None = None) -> Tensor:
    """−α_t·(1 − p_t)^γ·log p_t, Lin et al. 2017, eq. 5, the mean over an image's pixels.

    p_t is the probability given to the truth. Raising γ makes what is nearly right weigh less
    beside what is wrong; γ = 0 is binary cross-entropy. α in 0–1 weighs what is 1, 1 − α what is 0;
    without it neither is weighted (eq. 4).
    """
    if alpha is not None and not 0 <= alpha <= 1:
        raise RecipeError(f"loss 'focal': alpha is {alpha:g}; expected 0 to 1")
    cost = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    # 1 − p as −expm1(−cost): exact where p is close to 1.
    cost = (-torch.expm1(-cost)).clamp_min(_SMALLEST) ** gamma * cost
    if alpha is not None:
        cost = cost * (alpha * target + (1 - alpha) * (1 - target))
    return cost.flatten(1).mean(1)


@LOSSES.register("ldam")
def ldam(
    logits: Tensor,
    target: Tensor,
    margin: float = 0.5,
    class_counts: tuple[int, int] = (1, 1),
) -> Tensor:
    """Label-distribution-aware margin loss, log(1 + exp(Δ_y − z_y)), Cao et al. 2019, section 3.2.

    z_y is the logit towards the truth, and Δ_y = C / n_y^(1/4): what is rarer has to be told by a
    wider margin. C is such that the rarest class's is ``margin``, in logits: unlike the authors'
    head, a net's here is not normalised.
    """
    fewest = min(class_counts)
    negative, positive = (margin * (fewest / count) ** 0.25 for count in class_counts)
    margins = negative + (positive - negative) * target
    return F.softplus(margins - (2 * target - 1) * logits).flatten(1).mean(1)


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


def loss_of(
    name: str, options: Mapping[str, float], class_counts: tuple[int, int] | None = None
) -> Loss:
    """Return a registered loss with its options set.

    Args:
        name: Its name.
        options: Its options by name.
        class_counts: How many training images are 0 and 1; none where targets are masks.

    Raises:
        UnknownNameError: No such loss.
        RecipeError: An option that the loss does not have, or one that needs class counts.
    """
    loss = LOSSES[name]
    _, _, *known = inspect.signature(loss).parameters
    filled = {"class_counts": class_counts} if "class_counts" in known else {}
    if unknown := set(options) - (set(known) - set(filled)):
        has = sorted(set(known) - set(filled)) or "none"
        raise RecipeError(f"loss '{name}' has no option {sorted(unknown)}; it has {has}")
    if filled and class_counts is None:
        raise RecipeError(f"loss '{name}' weighs classes of images: it belongs to classification")
    return functools.partial(loss, **options, **filled)


def expected_loss(
    loss: Loss, logits: Tensor, target: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return each image's loss for labels that are shares: t·w₁·L(1) + (1 − t)·w₀·L(0).

    For labels of 0 and 1 it is w_t·L(t). For cross-entropy it is that of the soft label.

    Args:
        loss: A loss for labels of 0 or 1.
        logits: N×1.
        target: N×1, in 0–1.
        weights: The weights of 0 and of 1; both are 1 if not given.
    """
    negative, positive = (loss(logits, torch.full_like(target, label)) for label in (0.0, 1.0))
    if weights is not None:
        negative, positive = weights[0] * negative, weights[1] * positive
    share = target.flatten()
    return share * positive + (1 - share) * negative


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
