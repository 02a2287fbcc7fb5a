"""Learning from teachers: what they answer to the very images that a net is trained on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.bundle import INDEX, Bundle, bundle_names, load_bundle
from lentigo.errors import RecipeError, TrainingError
from lentigo.nets import build_net
from lentigo.nets.channels import for_channels
from lentigo.runtime.engines import ENGINES
from lentigo.training.folder import RunFolder
from lentigo.training.recipe import Recipe, read_recipe

_LEAST = 1e-6
"""Below this a probability, rounded to float32, tells nothing more."""


class Teachers(nn.Module):
    """Trained nets that answer together: the mean of their logits.

    Args:
        nets: From pixels N×C×H×W of 0–255 to logits, the same for all. They are frozen.
    """

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.requires_grad_(False).eval()
        self.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> Tensor:
        """Return the mean logits for pixels N×C×H×W of 0–255."""
        return torch.stack([net(pixels).float() for net in self.nets]).mean(dim=0)


class BundleTeacher(nn.Module):
    """A bundle that answers as its net would: with logits, from pixels in whole grey levels.

    Args:
        bundle: A classifier's; the logits of its diagnoses are known but for a constant, which
            makes no difference to their shares.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.engine = ENGINES["auto"](bundle.model_path, exact=True)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×(1 + K) for pixels N×C×H×W of 0–255."""
        shown = pixels.clamp(0, 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        told = self.engine.run(shown, ("probability", "diagnoses"))
        logits = torch.from_numpy(told["probability"]).logit(_LEAST)[:, None]
        if "diagnoses" in told:
            shares = torch.from_numpy(told["diagnoses"]).clamp_min(_LEAST).log()
            logits = torch.cat((logits, shares), dim=1)
        return logits.to(pixels.device)


def teachers_of(recipe: Recipe) -> Teachers | None:
    """Return the teachers that a recipe names, with their best weights; none where it names none.

    Raises:
        RecipeError: A teacher is no run and no bundle, or sees or tells something else than the
            recipe's net.
        BundleError: A bundle is damaged, or no classifier.
        TrainingError: A run's training has not ended, or its weights are not those of its net.
    """
    if recipe.distillation is None:
        return None
    return Teachers([_teacher(recipe, path) for path in recipe.distillation.teachers])


def check_teachers(recipe: Recipe) -> None:
    """Refuse teachers that a net cannot learn from, without loading their weights.

    Raises:
        RecipeError: See :func:`teachers_of`.
        TrainingError: A run's training has not ended.
    """
    for path in recipe.distillation.teachers if recipe.distillation else ():
        _check(recipe, path)


def recipes_behind(recipe: Recipe) -> Iterator[Recipe]:
    """Yield a recipe and those of its teachers, and of theirs: all by which its net has learnt."""
    yield recipe
    for path in recipe.distillation.teachers if recipe.distillation else ():
        yield from recipes_behind(_recipe_of(path))


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


def _teacher(recipe: Recipe, path: Path) -> nn.Module:
    own = _check(recipe, path)
    if bundle := _bundle(path):
        return BundleTeacher(bundle)
    run = RunFolder(path)
    net = for_channels(build_net(own.net.name, None, **own.net.options), own.data.view.channels)
    net.add_diagnoses(len(own.diagnoses))
    try:
        net.load_state_dict(run.load_best())
    except RuntimeError as fault:
        raise TrainingError(f"{run.best}: not the weights of the run's net ({fault})") from fault
    return net


def _bundle(path: Path) -> Bundle | None:
    shipped = str(path) in bundle_names()
    return load_bundle(path, "classification") if shipped or (path / INDEX).is_file() else None


def _recipe_of(path: Path) -> Recipe:
    if bundle := _bundle(path):
        return read_recipe(bundle.path / "recipe.yaml")
    run = RunFolder(path)
    if not run.recipe.is_file():
        raise RecipeError(
            f"distillation.teachers: {path} holds no run and no bundle; train it first"
        )
    if not run.tuned.is_file():
        raise TrainingError(f"distillation.teachers: the run in {path} has not ended; finish it")
    return read_recipe(run.recipe)


def _check(recipe: Recipe, path: Path) -> Recipe:
    """Return a teacher's recipe if the net of ``recipe`` can learn from it."""
    own = _recipe_of(path)
    compared = (
        ("task", recipe.task, own.task),
        ("size, region or preprocessing", recipe.data.view, own.data.view),
        ("split", recipe.data.split, own.data.split),
        ("hold_out", recipe.data.hold_out, own.data.hold_out),
        ("diagnoses", recipe.diagnoses, own.diagnoses),
    )
    if differs := [name for name, here, there in compared if here != there]:
        raise RecipeError(
            f"distillation.teachers: {path} was trained with other {', '.join(differs)}. A teacher "
            "sees and tells what its pupil does, and has seen no lesion that the pupil is judged by"
        )
    return own
