"""What a study will do, checked whole before any of it is done: names, data, weights, what is
there already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch

from lentigo.data.manifest import usable_for
from lentigo.data.sources import read_source
from lentigo.errors import RecipeError, UnknownNameError, WeightsError
from lentigo.nets import build_net
from lentigo.nets.weights import find_pretrained
from lentigo.study.folder import StudyFolder
from lentigo.study.schema import StudyError
from lentigo.study.settings import leaders
from lentigo.training.folder import RunFolder
from lentigo.training.recipe import Recipe, read_recipe
from lentigo.training.run import check_names

IMAGENET, SCRATCH, MISSING = "ImageNet", "from scratch", "from scratch: not at hand"
"""What a row's encoder starts from."""


@dataclass(frozen=True)
class Planned:
    """A row that is to be trained.

    Attributes:
        name: The row's name.
        recipe: As it will run, but for the seed.
        weights: What its encoder starts from, in words.
    """

    name: str
    recipe: Recipe
    weights: str


def plan(
    recipes: Mapping[str, Recipe],
    only: Sequence[str],
    *,
    weights_dir: Path | None,
    scratch_if_missing: bool,
) -> tuple[Planned, ...]:
    """Return the rows to train, each experiment once, in the table's order.

    Args:
        recipes: Every row's recipe by its name, with the settings applied.
        only: Names of the rows wanted; all where empty.
        weights_dir: Where pretrained weights are looked for first.
        scratch_if_missing: Train a row whose weights cannot be had from random ones.

    Raises:
        UnknownNameError: ``only`` names no row, or a recipe an unknown source, net or loss.
        RecipeError: A recipe does not fit its net.
        WeightsError: A row's weights cannot be had, and ``scratch_if_missing`` is not set.
    """
    if unknown := [name for name in only if name not in recipes]:
        raise UnknownNameError(f"--only: no row '{unknown[0]}'; there are: {', '.join(recipes)}")
    first = leaders(recipes)
    wanted = {first[name] for name in (only or recipes)}
    planned = []
    for name in (name for name in recipes if name in wanted):
        try:
            check_names(recipes[name])
            weights = _weights(recipes[name], weights_dir)
        except WeightsError as fault:
            if not scratch_if_missing:
                raise WeightsError(
                    f"row {name}: {fault}; or train such rows from random weights with "
                    "--scratch-if-missing"
                ) from fault
            weights = MISSING
        except (RecipeError, UnknownNameError) as fault:
            raise type(fault)(f"row {name}: {fault}") from fault
        planned.append(Planned(name, _starting_from(recipes[name], weights), weights))
    return tuple(planned)


def _weights(recipe: Recipe, weights_dir: Path | None) -> str:
    if recipe.net.pretrained is None:
        return SCRATCH
    with torch.device("meta"):
        net = build_net(recipe.net.name, None, **recipe.net.options)
    find_pretrained(net.published(), weights_dir)
    return IMAGENET


def _starting_from(recipe: Recipe, weights: str) -> Recipe:
    pretrained = "imagenet" if weights == IMAGENET else None
    return recipe.model_copy(
        update={"net": recipe.net.model_copy(update={"pretrained": pretrained})}
    )


def check_runs(
    folder: StudyFolder,
    recipes: Mapping[str, Recipe],
    planned: Sequence[Planned],
    seeds: Sequence[int],
) -> None:
    """Check that the runs in a study's folder are of the recipes that its rows have now.

    A row that is not planned may have started from other weights than its recipe asks for: it
    was then allowed, and its result says so.

    Raises:
        StudyError: A run is of another recipe.
    """
    exact = {row.name: row.recipe for row in planned}
    for name, seed in ((name, seed) for name in recipes for seed in seeds):
        path = RunFolder(folder.run(name, seed)).recipe
        if not path.is_file():
            continue
        wanted = exact.get(name, recipes[name]).model_copy(update={"seed": seed})
        begun = read_recipe(path)
        if name not in exact:
            begun, wanted = (_starting_from(one, SCRATCH) for one in (begun, wanted))
        if begun != wanted:
            raise StudyError(
                f"{path} is not the recipe that row {name} has now, or began from other weights; "
                f"remove {path.parent} and {folder.result(name, seed)}, or choose another --out"
            )


def read_images(recipes: Mapping[str, Recipe], roots: Mapping[str, Path]) -> pl.DataFrame:
    """Return the manifest of the source that all rows share, its usable images alone.

    Raises:
        StudyError: No folder is given for it.
        SourceError: The folder is not that source's.
    """
    first = next(iter(recipes.values()))
    source = first.data.source
    if source not in roots:
        raise StudyError(f"the study reads '{source}': say where it lies with --root {source}=DIR")
    return usable_for(read_source(source, roots[source]), first.task)
