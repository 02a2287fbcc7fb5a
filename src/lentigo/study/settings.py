"""What a study is run with: how long, at what size, from which seeds; kept beside its results."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from lentigo.study.schema import StudyError
from lentigo.training.recipe import Phase, Recipe
from lentigo.training.recipe_base import Count, Positive


def _once(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("expected each seed once")
    return seeds


Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_once)
]


class Settings(BaseModel):
    """How a study's recipes are changed before they run.

    Attributes:
        study: The study's title.
        epochs_factor: Each phase's epochs and patiences are multiplied by it; 1 keeps them.
        size_px: Side of the square that all rows' images are fitted to; None keeps the recipes'.
        seeds: Each row is trained once from each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    epochs_factor: Positive = 1.0
    size_px: Count | None = None
    seeds: Seeds = (0,)

    @property
    def changes(self) -> str:
        """The options that change the recipes, as they are typed; empty where none does."""
        factor = f"--epochs-factor {self.epochs_factor:g}" if self.epochs_factor != 1 else ""
        size = f"--size {self.size_px}" if self.size_px else ""
        return " ".join(filter(None, (factor, size)))


def settings_of(
    study: str, epochs_factor: float, size_px: int | None, seeds: tuple[int, ...]
) -> Settings:
    """Return checked settings.

    Raises:
        StudyError: A value is out of range; the message names the option.
    """
    try:
        return Settings(study=study, epochs_factor=epochs_factor, size_px=size_px, seeds=seeds)
    except ValidationError as faults:
        fault = faults.errors()[0]
        option = str(fault["loc"][0]).removesuffix("_px").replace("_", "-")
        raise StudyError(f"--{option} {fault['input']}: {fault['msg']}") from faults


def scaled(count: int, factor: float) -> int:
    """Return a number of epochs times ``factor``, rounded half up, at least 1."""
    return max(1, math.floor(count * factor + 0.5))


def with_settings(recipe: Recipe, settings: Settings) -> Recipe:
    """Return the recipe as it is to run, but for its seed."""
    size = {"size": settings.size_px} if settings.size_px else {}
    phases = tuple(_scaled_phase(phase, settings.epochs_factor) for phase in recipe.phases)
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=size), "phases": phases})


def _scaled_phase(phase: Phase, factor: float) -> Phase:
    update: dict[str, object] = {"epochs": scaled(phase.epochs, factor)}
    if phase.early_stopping:
        update["early_stopping"] = scaled(phase.early_stopping, factor)
    if phase.plateau:
        patience = {"patience": scaled(phase.plateau.patience, factor)}
        update["plateau"] = phase.plateau.model_copy(update=patience)
    return phase.model_copy(update=update)


def leaders(recipes: Mapping[str, Recipe]) -> dict[str, str]:
    """Return, for each row, the first row that runs the very same experiment: mostly itself.

    Recipes count as the same where only the names of their phases and the seed differ: the seed
    is set for each run.
    """
    first: dict[str, str] = {}
    return {name: first.setdefault(_nameless(recipe), name) for name, recipe in recipes.items()}


def _nameless(recipe: Recipe) -> str:
    phases = tuple(
        phase.model_copy(update={"name": str(i)}) for i, phase in enumerate(recipe.phases)
    )
    return recipe.model_copy(update={"phases": phases, "seed": 0}).to_yaml()


def check_begun(path: Path, settings: Settings) -> None:
    """Check that settings go on with those kept in ``path``, where there are any.

    Seeds may be added; nothing else may change, so that no row is held against one that was
    trained otherwise.

    Raises:
        StudyError: The study was begun with other settings.
    """
    if path.is_file() and (others := _differences(_read(path), settings)):
        raise StudyError(
            f"{path.parent} was begun with {others}; a study goes on with the settings that began "
            "it: give the same ones, or another --out"
        )


def _read(path: Path) -> Settings:
    try:
        return Settings.model_validate_json(path.read_bytes())
    except ValidationError as fault:
        raise StudyError(f"{path}: not the settings of a study; choose another --out") from fault


def _differences(begun: Settings, now: Settings) -> str:
    """Return what was otherwise when the study began, in words."""
    told = []
    if begun.study != now.study:
        told.append(f"the study '{begun.study}', not '{now.study}'")
    if begun.epochs_factor != now.epochs_factor:
        told.append(f"--epochs-factor {begun.epochs_factor:g}, not {now.epochs_factor:g}")
    if begun.size_px != now.size_px:
        own = "the recipes' own size"
        told.append(f"--size {begun.size_px or own}, not {now.size_px or own}")
    if not set(begun.seeds) <= set(now.seeds):
        before, after = (",".join(map(str, seeds)) for seeds in (begun.seeds, now.seeds))
        told.append(f"--seeds {before}, not {after} (seeds can be added, not dropped)")
    return "; ".join(told)
