"""What one run came to: its cost, its epochs, and what it made of each image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import polars as pl
from pydantic import BaseModel, ConfigDict

from lentigo.files import write_text
from lentigo.training.progress import EpochRecord
from lentigo.training.recipe import Recipe

_RECORD, _TEST, _VALIDATION = "run.json", "test.csv", "validation.csv"


class Record(BaseModel):
    """What is known of a run beside its images.

    Attributes:
        recipe: As it ran.
        weights: What the encoder started from, in words.
        parameters: The net's weights and biases.
        gmacs: Multiply-adds for one image at the size used, in 10⁹.
        n_train: Training images.
        n_validation: Validation images.
        device: What it was trained on.
        engine: What ran the model when it was measured, and its arithmetic.
        history: All epochs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: Recipe
    weights: str
    parameters: int
    gmacs: float
    n_train: int
    n_validation: int
    device: str
    engine: str
    history: tuple[EpochRecord, ...]

    @property
    def training_s(self) -> float:
        """Seconds of all epochs, validation included."""
        return sum(epoch.seconds for epoch in self.history)


@dataclass(frozen=True)
class Result:
    """A finished run: its record, and its tables of one line an image.

    Both tables have ``image_id``, ``group`` and what the task measures: ``tp``, ``fp``, ``fn``,
    ``tn``, ``dice`` and ``jaccard`` of an outline; ``malignant`` and ``probability``, not
    calibrated, of a diagnosis. They are sorted by ``image_id``; images that could not be read are
    not in them.
    """

    record: Record
    test: pl.DataFrame
    validation: pl.DataFrame


Runs: TypeAlias = Mapping[int, Result]
"""A row's finished runs by seed."""


def write_result(
    folder: Path, record: Record, test: pl.DataFrame, validation: pl.DataFrame
) -> None:
    """Keep a run's result; its record comes last, and its presence says that all is there."""
    write_text(folder / _TEST, test.write_csv())
    write_text(folder / _VALIDATION, validation.write_csv())
    write_text(folder / _RECORD, record.model_dump_json(indent=2) + "\n")


def read_result(folder: Path) -> Result | None:
    """Return what :func:`write_result` kept, or none where the run is not finished."""
    if not (folder / _RECORD).is_file():
        return None
    return Result(
        record=Record.model_validate_json((folder / _RECORD).read_bytes()),
        test=_read_table(folder / _TEST),
        validation=_read_table(folder / _VALIDATION),
    )


def _read_table(path: Path) -> pl.DataFrame:
    texts = dict.fromkeys(("image_id", "group", "skipped"), pl.String)
    table = pl.read_csv(path, schema_overrides=texts)
    return table.filter(pl.col("skipped").is_null()).sort("image_id")
