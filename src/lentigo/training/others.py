"""Other trained classifiers that a recipe names: runs and bundles, as nets that give logits."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from lentigo.bundle import INDEX, Bundle, bundle_names, load_bundle
from lentigo.errors import RecipeError, TrainingError
from lentigo.nets import build_net
from lentigo.nets.channels import for_channels
from lentigo.runtime.engines import ENGINES
from lentigo.training.folder import RunFolder
from lentigo.training.recipe import Recipe, read_recipe

LEAST = 1e-6
"""Below this a probability, rounded to float32, tells nothing more."""


class MeanOfNets(nn.Module):
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


class BundleNet(nn.Module):
    """A bundle that answers as its net would: with logits, from pixels in whole grey levels.

    Args:
        bundle: A classifier's; the logits of its diagnoses are known but for a constant, which
            makes no difference to their shares.
        exact: See :class:`lentigo.runtime.engines.base.LoadEngine`.
    """

    def __init__(self, bundle: Bundle, exact: bool = True) -> None:
        super().__init__()
        self.engine = ENGINES["auto"](bundle.model_path, exact=exact)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×(1 + K) for pixels N×C×H×W of 0–255."""
        shown = pixels.clamp(0, 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        told = self.engine.run(shown, ("probability", "diagnoses"))
        logits = torch.from_numpy(told["probability"]).logit(LEAST)[:, None]
        if "diagnoses" in told:
            shares = torch.from_numpy(told["diagnoses"]).clamp_min(LEAST).log()
            logits = torch.cat((logits, shares), dim=1)
        return logits.to(pixels.device)


def other_net(recipe: Recipe, path: Path, key: str) -> nn.Module:
    """Return what a run or bundle has learnt, from pixels N×C×H×W of 0–255 to logits.

    Raises:
        RecipeError: See :func:`check_other`.
        TrainingError: A run has not ended, or its weights are not those of its net.
        BundleError: A bundle is damaged, or no classifier.
    """
    own = check_other(recipe, path, key)
    if bundle := bundle_at(path):
        return BundleNet(bundle, exact=False)  # its rounding is less than what augmentation does
    run = RunFolder(path)
    net = for_channels(build_net(own.net.name, None, **own.net.options), own.data.view.channels)
    net.add_diagnoses(len(own.diagnoses))
    try:
        net.load_state_dict(run.load_best())
    except RuntimeError as fault:
        raise TrainingError(f"{run.best}: not the weights of the run's net ({fault})") from fault
    return net


def check_other(recipe: Recipe, path: Path, key: str) -> Recipe:
    """Return the recipe of a run or bundle that may answer beside a recipe's net.

    Args:
        recipe: The recipe that names it.
        path: A run's or bundle's folder, or a shipped bundle's name.
        key: Where the recipe names it, for the error.

    Raises:
        RecipeError: It is no run and no bundle, or sees or tells something else than the recipe's
            net, or comes from another split.
        TrainingError: A run's training has not ended.
        BundleError: A bundle is damaged, or no classifier.
    """
    own = _recipe_of(path, key)
    compared = (
        ("task", recipe.task, own.task),
        ("size, region or preprocessing", recipe.data.view, own.data.view),
        ("split", recipe.data.split, own.data.split),
        ("hold_out", recipe.data.hold_out, own.data.hold_out),
        ("diagnoses", recipe.diagnoses, own.diagnoses),
    )
    if differs := [name for name, here, there in compared if here != there]:
        raise RecipeError(
            f"{key}: {path} was trained with other {', '.join(differs)}. It has to see and tell "
            "what this recipe's net does, and to have seen no lesion that the net is judged by"
        )
    return own


def recipes_behind(recipe: Recipe) -> Iterator[Recipe]:
    """Yield a recipe and those of all nets that its net learns from or answers with."""
    yield recipe
    for path in (*recipe.teachers, *recipe.ensemble):
        yield from recipes_behind(_recipe_of(path, "distillation.teachers or ensemble"))


def bundle_at(path: Path) -> Bundle | None:
    """Return the classifier's bundle that a path or shipped name leads to; none where a run lies.

    Raises:
        BundleError: The bundle is damaged, or no classifier.
    """
    shipped = str(path) in bundle_names()
    return load_bundle(path, "classification") if shipped or (path / INDEX).is_file() else None


def _recipe_of(path: Path, key: str) -> Recipe:
    if bundle := bundle_at(path):
        return read_recipe(bundle.path / "recipe.yaml")
    run = RunFolder(path)
    if not run.recipe.is_file():
        raise RecipeError(f"{key}: {path} holds no run and no bundle; train it first")
    if not run.tuned.is_file():
        raise TrainingError(f"{key}: the run in {path} has not ended; finish it")
    return read_recipe(run.recipe)
