"""The recipe: one experiment in one YAML file, checked once, saved beside the weights it made."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_serializer,
    model_validator,
)

from lentigo.data.labels import HAM10000_CLASSES
from lentigo.data.views import TRUE_OUTLINES
from lentigo.errors import RecipeError
from lentigo.imaging.region import Region
from lentigo.imaging.view import View

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Outlines = Annotated[str, BeforeValidator(lambda value: TRUE_OUTLINES if value is True else value)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Split(_Strict):
    """Shares of the lesions in each part; they sum to 1. ``test`` may be left out."""

    train: Fraction
    validation: Fraction
    test: Fraction = 0.0
    seed: int = 42

    @model_validator(mode="after")
    def _whole(self) -> "Split":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, validation and test sum to {total:g}; expected 1")
        if not self.train or not self.validation:
            raise ValueError("train and validation must each be above 0")
        return self


class Subset(_Strict):
    """Some of a source's images: those that a CSV in the source's folder lists.

    A row counts where ``column`` holds one of ``values``; the file has a column ``image_id``.
    """

    file: str
    column: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class HoldOut(_Strict):
    """A share of all the source's lesions that is set aside before anything else is chosen.

    Recipes with the same source and hold-out keep the same test part, whatever their subset and
    split, so that what they train can be compared on images that none of them has used.
    """

    share: Annotated[float, Field(gt=0, lt=1)]
    seed: int = 42


class FurtherSource(_Strict):
    """A second source to train on; images of lesions in validation or test are left out.

    ``share`` is its part of each epoch: beside all images of the first source, so many of this
    one are drawn, other ones each epoch.
    """

    source: str
    share: Annotated[float, Field(gt=0, lt=1)]


class Data(_Strict):
    """Which images, how they are split, and the size in px they are letterboxed to.

    ``size`` is one number for a square, or ``[height, width]``. Of a source with official parts
    only ``official_parts`` are taken, so that nobody trains on an official test part unawares.

    A classifier is shown ``region`` in place of the whole frame. ``outlines`` says whose masks tell
    where it is: ``true`` takes the source's own, else it is a segmenter, a shipped bundle's name or
    a folder; in use they are always a segmenter's, or the caller's. Its pictures go through the
    steps of ``preprocessing`` in their order.
    """

    source: str
    split: Split
    subset: Subset | None = None
    hold_out: HoldOut | None = None
    further: FurtherSource | None = None
    official_parts: tuple[Literal["train", "validation", "test"], ...] = ("train",)
    size: Count | tuple[Count, Count]
    region: Region | None = None
    outlines: Outlines = TRUE_OUTLINES
    preprocessing: tuple[str, ...] = ()

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def view(self) -> View:
        """How photos become the net's input.

        Raises:
            UnknownNameError: There is no preprocessing step of a name.
        """
        return View(self.size_px, self.region, self.preprocessing)

    @model_validator(mode="after")
    def _outlines_of_a_region(self) -> "Data":
        if self.region is None and self.outlines != TRUE_OUTLINES:
            raise ValueError(
                "outlines say whose masks tell a region: give region too, or leave outlines out"
            )
        return self


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


class Augmentation(_Strict):
    """How far training images are changed; each value is the largest change, drawn anew each time.

    ``rotation_deg`` turns by up to ± so much; ``scale`` and ``aspect`` are log-uniform in
    [1/x, x]; ``shift`` is a share of the side; ``brightness``, ``contrast`` and ``saturation``
    are relative; ``tint`` is a relative gain of each colour channel by itself;
    ``resolution`` is the smallest share of the pixels' number along a side that about half of the
    images are reduced to and brought back from, a quarter of the batch at a time, so that sharp
    and soft photos look alike.

    ``gamma`` is an exponent, log-uniform in [1/x, x], on brightness as a share of white;
    ``vignette`` the share of light lost at half a diagonal from the middle; ``blur`` a Gaussian's
    sigma as a share of the shorter side; ``noise`` a standard deviation in grey levels of 255.

    ``hair``, ``ruler``, ``tube`` and ``cutout`` are probabilities that an image gets drawn hairs, a
    scale along an edge, the black round frame of a dermatoscope, or a rectangle of 2–15 % of its
    area painted over (DeVries & Taylor 2017). None of them changes the mask: the net has to infer
    what is covered. The frame alone is left out where it would hide a part of the lesion.
    """

    flips: bool = False
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale: Annotated[float, Field(ge=1)] = 1.0
    aspect: Annotated[float, Field(ge=1)] = 1.0
    shift: Fraction = 0.0
    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    saturation: Fraction = 0.0
    tint: Fraction = 0.0
    resolution: Annotated[float, Field(gt=0, le=1)] = 1.0
    gamma: Annotated[float, Field(ge=1)] = 1.0
    vignette: Fraction = 0.0
    blur: Fraction = 0.0
    noise: Annotated[float, Field(ge=0, le=255)] = 0.0
    hair: Fraction = 0.0
    ruler: Fraction = 0.0
    tube: Fraction = 0.0
    cutout: Fraction = 0.0


class Plateau(_Strict):
    """Multiply the learning rate by ``factor`` after ``patience`` epochs without a better score."""

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Count = 3


class Phase(_Strict):
    """One phase of fine-tuning: which encoder parts train, for how long, how fast, on which loss.

    ``loss`` is a name, or ``{name: focal, gamma: 1}`` with the loss's own options.
    ``schedule: cosine`` lets the rate fall from ``learning_rate`` to 0 over the phase, step by
    step. ``early_stopping`` ends the phase after so many epochs without a better score.

    ``unfreeze_from`` says the parts in Keras's terms instead: all layers from this number on, of a
    net that Keras has too. Where there are no such layers nothing is unfrozen, as in Keras.
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

    @model_validator(mode="after")
    def _one_way(self) -> "Phase":
        if self.unfreeze and self.unfreeze_from is not None:
            raise ValueError("unfreeze names parts and unfreeze_from counts layers; give one")
        return self


class Recipe(_Strict):
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
    loss with that weight. Other images count in the loss for malignancy alone.
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
        }
        return [key for key, value in given.items() if value]

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
        raise RecipeError(f"{path}: cannot be read as a recipe ({fault})") from fault
    except yaml.YAMLError as fault:
        raise RecipeError(f"{path}: not valid YAML: {' '.join(str(fault).split())}") from fault
    if not isinstance(tree, dict):
        raise RecipeError(f"{path}: expected a mapping with task, data, net and phases")
    for change in changes:
        _apply(tree, change)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as faults:
        lines = (
            f"{'.'.join(map(str, fault['loc'])) or 'recipe'}: {fault['msg']}"
            for fault in faults.errors()
        )
        raise RecipeError(f"{path}: {'; '.join(lines)}") from faults


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
        raise RecipeError(f"--set {change}: the recipe has no {keys}") from fault
