"""The study: which recipes the rows of a published table are, what it reports, what it claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lentigo.errors import LentigoError
from lentigo.fields import faults_in_words
from lentigo.training.recipe import Recipe, read_recipe
from lentigo.training.recipe_base import Fraction

STUDY = "study.yaml"

Task = Literal["segmentation", "classification"]
Metric = Literal["jaccard_per_image", "dice_per_image", "auc", "accuracy"]
Figure = Literal["dice", "jaccard", "accuracy", "auc", "precision", "recall", "f1", "threshold"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class StudyError(LentigoError):
    """A study that is not valid, or that cannot go on as it was begun."""


@dataclass(frozen=True)
class Terms:
    """What the studies of one task speak of.

    Attributes:
        metrics: What rows can be compared by, each with the figure that a study reports of it;
            the first is what a claim is about where it does not say.
        reported: The figures that a study may report of a row, each 0–1.
    """

    metrics: Mapping[Metric, Figure]
    reported: tuple[Figure, ...]


TERMS: Mapping[Task, Terms] = {
    # Dice and Jaccard of pooled validation pixels.
    "segmentation": Terms(
        metrics={"jaccard_per_image": "jaccard", "dice_per_image": "dice"},
        reported=("dice", "jaccard"),
    ),
    # Precision, recall and F1 of malignant images, at the threshold of the greatest accuracy.
    "classification": Terms(
        metrics={"auc": "auc", "accuracy": "accuracy"},
        reported=("accuracy", "auc", "precision", "recall", "f1", "threshold"),
    ),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Strict):
    """One row of the table: the recipe that it is, and what is reported of it.

    ``recipe`` is the file's name without ``.yaml``; it names the row everywhere. ``reported`` is
    null where there is no figure that could be compared; ``note`` then says why.
    """

    recipe: Name
    label: str
    reported: dict[Figure, Fraction] | None = None
    note: str = ""


class Claim(_Strict):
    """One row is said to do better than another.

    ``metric`` is the first of the task's where it is null. ``reported_difference`` is needed only
    where the rows themselves have no reported figures.
    """

    text: str
    better: Name
    than: Name
    metric: Metric | None = None
    reported_difference: float | None = None

    @model_validator(mode="after")
    def _two_rows(self) -> "Claim":
        if self.better == self.than:
            raise ValueError(f"better and than are both '{self.better}'; expected two rows")
        return self


class Study(_Strict):
    """A study's rows in the order of its table, with the row that all others are held against.

    ``controls`` are the figures that it prints of what needs no run, such as ``always-benign``.
    """

    title: str
    citation: str
    task: Task = "segmentation"
    reference: Name
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]
    claims: tuple[Claim, ...] = ()
    controls: dict[Literal["always-benign"], dict[Figure, Fraction]] = {}

    @model_validator(mode="after")
    def _rows_exist(self) -> "Study":
        names = self.names
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rows: {twice} stand twice; a recipe is one row")
        named = {"reference": self.reference}
        for i, claim in enumerate(self.claims):
            named |= {f"claims.{i}.better": claim.better, f"claims.{i}.than": claim.than}
        for field, name in named.items():
            if name not in names:
                raise ValueError(f"{field}: '{name}' is not a row; the rows are {list(names)}")
        return self

    @model_validator(mode="after")
    def _terms_are_the_tasks(self) -> "Study":
        for i, row in enumerate(self.rows):
            if strange := sorted(set(row.reported or ()) - set(self.terms.reported)):
                raise ValueError(
                    f"rows.{i}.reported: {strange}; of a {self.task} are reported "
                    f"{list(self.terms.reported)}"
                )
        for i, claim in enumerate(self.claims):
            if claim.metric and claim.metric not in self.terms.metrics:
                raise ValueError(
                    f"claims.{i}.metric: '{claim.metric}'; the rows of a {self.task} are compared "
                    f"by {list(self.terms.metrics)}"
                )
        return self

    @property
    def terms(self) -> Terms:
        """What a study of its task speaks of."""
        return TERMS[self.task]

    def metric(self, claim: Claim) -> Metric:
        """Return what a claim is about."""
        leading, *_ = self.terms.metrics
        return claim.metric or leading

    @property
    def names(self) -> tuple[str, ...]:
        """The rows' names in order."""
        return tuple(row.recipe for row in self.rows)

    def number(self, name: str) -> int:
        """Return a row's number in the table, from 1."""
        return self.names.index(name) + 1


def read_study(folder: Path) -> Study:
    """Read ``study.yaml`` in a folder.

    Raises:
        StudyError: The file cannot be read, is not YAML, or a field is wrong: the message names
            the file and the field, what was got and what was expected.
    """
    path = folder / STUDY
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Study.model_validate(tree)
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", fault)
        raise StudyError(
            f"{path}: cannot be read as a study ({reason}); name a folder that holds {STUDY} and "
            "the recipes of its rows"
        ) from fault
    except yaml.YAMLError as fault:
        raise StudyError(f"{path}: not valid YAML: {' '.join(str(fault).split())}") from fault
    except ValidationError as faults:
        told = faults_in_words(faults, Study, "study")
        raise StudyError(f"{path}: {told}") from faults


def read_recipes(study: Study, folder: Path) -> dict[str, Recipe]:
    """Read the recipe of each row, by the row's name.

    Raises:
        RecipeError: A recipe cannot be read or is not valid.
        StudyError: A recipe does another task, or the rows do not keep one test part aside.
    """
    recipes = {name: read_recipe(folder / f"{name}.yaml") for name in study.names}
    first = recipes[study.reference].data
    for name, recipe in recipes.items():
        path, data = folder / f"{name}.yaml", recipe.data
        if recipe.task != study.task:
            raise StudyError(
                f"{path}: task: {recipe.task}; {STUDY} says task: {study.task} (segmentation "
                "where it says none), and all rows do the same"
            )
        if data.hold_out is None:
            raise StudyError(
                f"{path}: data.hold_out: missing; the rows are compared on one test part that "
                "none of them has used, such as {share: 0.15, seed: 42}"
            )
        for field in ("source", "hold_out", "official_parts"):
            if getattr(data, field) != getattr(first, field):
                raise StudyError(
                    f"{path}: data.{field}: differs from {study.reference}.yaml; all rows must "
                    "keep the same images aside to be compared on them"
                )
    return recipes
