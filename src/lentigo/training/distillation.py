"""Learning from teachers: what they answer to the very images that a net is trained on."""

import torch.nn.functional as F
from torch import Tensor

from lentigo.training.others import MeanOfNets, check_other, other_net
from lentigo.training.recipe import Recipe

_KEY = "distillation.teachers"


def teachers_of(recipe: Recipe) -> MeanOfNets | None:
    """Return the teachers that a recipe names, with their best weights; none where it names none.

    Raises:
        LentigoError: See :func:`lentigo.training.others.other_net`.
    """
    if not recipe.teachers:
        return None
    return MeanOfNets([other_net(recipe, path, _KEY) for path in recipe.teachers])


def check_teachers(recipe: Recipe) -> None:
    """Refuse teachers that a net cannot learn from, without loading their weights.

    Raises:
        LentigoError: See :func:`lentigo.training.others.check_other`.
    """
    for path in recipe.teachers:
        check_other(recipe, path, _KEY)


def distillation_loss(logits: Tensor, taught: Tensor, diagnoses_weight: float) -> Tensor:
    """Cross-entropy with the teachers' probabilities, the mean over the images.

    Args:
        logits: The net's, float N×(1 + K): the malignant one, then those of K diagnoses, K ≥ 0.
        taught: The teachers', of the same shape.
        diagnoses_weight: What the diagnoses' cross-entropy counts beside that of malignancy.
    """
    loss = F.binary_cross_entropy_with_logits(logits[:, 0], taught[:, 0].sigmoid())
    if logits.shape[1] > 1:
        shares = taught[:, 1:].softmax(dim=1)
        loss = loss + diagnoses_weight * F.cross_entropy(logits[:, 1:], shares)
    return loss
