"""Which images a recipe takes: the part ``data`` of it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from lentigo.data.views import TRUE_OUTLINES
from lentigo.imaging.region import Region
from lentigo.imaging.view import View
from lentigo.training.recipe_base import Count, Fraction, Strict

Outlines = Annotated[str, BeforeValidator(lambda value: TRUE_OUTLINES if value is True else value)]


class Split(Strict):
    """Shares of the lesions in each part; they sum to 1. ``test`` may be left out.

    ``by: image`` lets photos of one lesion, and near-duplicates, come into several parts. It leaks,
    since a net is judged by lesions it was trained on, and is there to show what that flatters.
    """

    train: Fraction
    validation: Fraction
    test: Fraction = 0.0
    seed: int = 42
    by: Literal["lesion", "image"] = "lesion"

    @model_validator(mode="after")
    def _whole(self) -> "Split":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, validation and test sum to {total:g}; expected 1")
        if not self.train or not self.validation:
            raise ValueError("train and validation must each be above 0")
        return self


class Subset(Strict):
    """Some of a source's images: those that a CSV in the source's folder lists.

    A row counts where ``column`` holds one of ``values``; the file has a column ``image_id``.
    """

    file: str
    column: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class HoldOut(Strict):
    """A share of all the source's lesions that is set aside before anything else is chosen.

    Recipes with the same source and hold-out keep the same test part, whatever their subset and
    split, so that what they train can be compared on images that none of them has used.
    """

    share: Annotated[float, Field(gt=0, lt=1)]
    seed: int = 42


class FurtherSource(Strict):
    """A second source to train on; images of lesions in validation or test are left out.

    ``share`` is its part of each epoch: beside all images of the first source, so many of this
    one are drawn, other ones each epoch.
    """

    source: str
    share: Annotated[float, Field(gt=0, lt=1)]


class Data(Strict):
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
