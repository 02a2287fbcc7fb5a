"""The recipe: one experiment in one YAML file, checked once, saved beside the weights it made."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_serializer,
    model_validator,
)

from lentigo.data.labels import HAM10000_CLASSES
from lentigo.errors import RecipeError
from lentigo.fields import faults_in_words
from lentigo.training.recipe_augmentation import Augmentation
from lentigo.training.recipe_base import Count, Fraction, Positive, Strict
from lentigo.training.recipe_data import Data


class LossChoice(BaseModel):
    """A loss by its registered name alone, or a mapping in which its options stand beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]

    name: str

    @property
    def options(self) -> dict[str, float]:
        """The loss's own options."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_serializer
    def _as_written(self) -> str | dict[str, Any]:
        return {"name": self.name, **self.options} if self.options else self.name


class NetChoice(BaseModel):
    """A net by its registered name; what stands beside ``pretrained`` are the net's options."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    pretrained: Literal["imagenet"] | None = "imagenet"

    @property
    def options(self) -> dict[str, Any]:
        """The net's own options."""
        return dict(self.model_extra or {})


class Plateau(Strict):
    """Multiply the learning rate by ``factor`` after ``patience`` epochs without a better score."""

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Count = 3


class Distillation(Strict):
    """Teachers that a classifier learns from: folders of runs that are done, or bundles.

    Teachers see the very images that the net sees, changed alike, and answer with the mean of their
    logits (Beyer et al. 2022, section 3). The loss is 1 − ``weight`` times that of the labels plus
    ``weight`` times the cross-entropy with the teachers' probability (Hinton et al. 2015,
    section 2, at temperature 1).
    """

    teachers: Annotated[tuple[Path, ...], Field(min_length=1)]
    weight: Fraction = 0.5


class Phase(Strict):
    """One phase of fine-tuning: which encoder parts train, for how long, how fast, on which loss.

    ``loss`` is a name, or ``{name: focal, gamma: 1}`` with the loss's own options.
    ``schedule: cosine`` lets the rate fall from ``learning_rate`` to 0 over the phase, step by
    step. ``early_stopping`` ends the phase after so many epochs without a better score.

    ``unfreeze_from`` says the parts in Keras's terms instead: all layers from this number on, of a
    net that Keras has too. Where there are no such layers nothing is unfrozen, as in Keras.

    ``views`` lets the frozen beginning of a net see that many fixed changes of each image, drawn
    once, and the epochs take them in turn: what it makes of them is computed once and kept on disk,
    not at every epoch. Where nothing changes images this is done without being asked for, since it
    makes no difference but in time.
    """

    name: str
    unfreeze: tuple[str, ...] = ()
    unfreeze_from: Annotated[int, Field(ge=0)] | None = None
    epochs: Count
    learning_rate: Positive
    loss: LossChoice
    schedule: Literal["constant", "cosine"] = "constant"
    plateau: Plateau | None = None
    early_stopping: Count | None = None
    views: Count | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Phase":
        if self.unfreeze and self.unfreeze_from is not None:
            raise ValueError("unfreeze names parts and unfreeze_from counts layers; give one")
        return self


class Recipe(Strict):
    """An experiment. See the fields' own classes.

    ``ema`` keeps a moving average of the weights beside them, each step's share being 1 − ``ema``;
    it is what is validated and kept. 0 keeps the weights themselves. ``test_time_flips`` lets the
    bundle answer with the mean over four mirrorings of an image; thresholds are chosen for that.

    The rest is for classifiers. Of ``class_weights: balanced`` and ``sampling: balanced`` either
    makes the two classes count alike: the first by the loss's weights, the second by batches that
    hold as many of one as of the other. ``mixup`` is α of Zhang et al. 2018, 0 for none.
    ``label_smoothing`` is the share of each label that is divided between both classes (Szegedy et
    al. 2016, section 7). ``diagnoses_weight`` above 0 lets the net also learn HAM10000's seven
    diagnoses: their cross-entropy, over the images whose diagnosis is one of them, is added to the
    loss with that weight. Other images count in the loss for malignancy alone. ``distillation``
    names nets that it learns from beside the labels. ``ensemble`` names bundles that answer
    together with the net, by the mean of their logits; thresholds are chosen for that.
    """

    task: Literal["segmentation", "classification"]
    data: Data
    net: NetChoice
    batch_size: Count = 32
    seed: int = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    class_weights: Literal["balanced"] | None = None
    sampling: Literal["balanced"] | None = None
    mixup: Annotated[float, Field(ge=0)] = 0.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    diagnoses_weight: Annotated[float, Field(ge=0)] = 0.0
    distillation: Distillation | None = None
    ensemble: tuple[Path, ...] = ()
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0
    test_time_flips: bool = False
    augmentation: Augmentation = Augmentation()
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> "Recipe":
        if self.data.hold_out and self.data.split.test:
            raise ValueError("data.hold_out is the test part; leave data.split.test out")
        names = [phase.name for phase in self.phases]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"phases named twice: {sorted(twice)}")
        if self.class_weights and self.sampling:
            raise ValueError(
                "class_weights and sampling are both balanced: the rarer class would count more "
                "than the other; leave one of them out"
            )
        if self.mixup and self.diagnoses_weight:
            raise ValueError(
                "mixup blends the labels of malignancy alone: leave it or diagnoses_weight out"
            )
        if any(phase.views for phase in self.phases) and (self.mixup or self.distillation):
            raise ValueError("mixup and distillation need the pixels that views leave out")
        if self.mixup and self.distillation:
            raise ValueError("mixup and distillation both soften labels: leave one of them out")
        if self.task == "segmentation" and (others := self._for_classifiers()):
            raise ValueError(f"{' and '.join(others)} belong to classification")
        return self

    def _for_classifiers(self) -> list[str]:
        """Return the keys given that segmentation has no use for."""
        given = {
            "data.region": self.data.region,
            "data.preprocessing": self.data.preprocessing,
            "class_weights": self.class_weights,
            "sampling": self.sampling,
            "mixup": self.mixup,
            "label_smoothing": self.label_smoothing,
            "diagnoses_weight": self.diagnoses_weight,
            "distillation": self.distillation,
            "ensemble": self.ensemble,
        }
        return [key for key, value in given.items() if value]

    @property
    def teachers(self) -> tuple[Path, ...]:
        """The runs and bundles that the net learns from."""
        return self.distillation.teachers if self.distillation else ()

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The diagnoses that the net learns, in the order of its logits; none at weight 0."""
        return HAM10000_CLASSES if self.diagnoses_weight else ()

    def to_yaml(self) -> str:
        """Return the recipe as YAML that :func:`read_recipe` reads back to an equal one."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def read_recipe(path: Path, changes: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe; ``changes`` are ``key=value`` with dotted keys (``phases.0.epochs=2``).

    Raises:
        RecipeError: The file cannot be read, is not YAML, or a field is wrong: the message names
            the file and the field, what was got and what was expected.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", fault)
        raise RecipeError(f"{path}: cannot be read as a recipe ({reason})") from fault
    except yaml.YAMLError as fault:
        raise RecipeError(f"{path}: not valid YAML: {' '.join(str(fault).split())}") from fault
    if not isinstance(tree, dict):
        raise RecipeError(f"{path}: expected a mapping with task, data, net and phases")
    for change in changes:
        _apply(tree, change)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as faults:
        told = faults_in_words(faults, Recipe, "recipe")
        raise RecipeError(f"{path}: {told}") from faults


def _apply(tree: Any, change: str) -> None:
    keys, equals, value = change.partition("=")
    if not equals:
        raise RecipeError(f"--set {change}: expected key=value, such as phases.0.epochs=2")
    way: list[Any] = [int(key) if key.isdigit() else key for key in keys.split(".")]
    last = way.pop()
    try:
        for key in way:
            tree = tree[key]
        tree[last] = yaml.safe_load(value)
    except (KeyError, IndexError, TypeError) as fault:
        raise RecipeError(
            f"--set {change}: the recipe has no {keys}; what it does not have yet is set whole, "
            "such as augmentation={flips: true}"
        ) from fault
