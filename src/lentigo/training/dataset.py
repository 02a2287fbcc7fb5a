"""Which images a recipe trains on: its sources' rows, each with its part."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lentigo.data.labels import BENIGN, MALIGNANT
from lentigo.data.manifest import Task, group_ids, usable_for
from lentigo.data.prepared import Prepared
from lentigo.data.sources import SOURCES
from lentigo.data.sources.table import read_table
from lentigo.data.splits import linked_groups, split
from lentigo.errors import RecipeError, SourceError, TrainingError
from lentigo.training.data import Part
from lentigo.training.diagnoses import check_each_is_shown, diagnosis_indices
from lentigo.training.recipe import Recipe
from lentigo.training.recipe_data import Data, Subset

FURTHER = "further"
"""The part of images from a recipe's further source: trained on beside ``train``."""


def read_rows(recipe: Recipe, roots: Mapping[str, Path]) -> pl.DataFrame:
    """Return the manifest rows that a recipe may use, those of the further source last.

    Raises:
        RecipeError: A source's folder is not given, or it holds none of the official parts.
        SourceError: A folder is not laid out as its source's.
    """
    rows = _source_rows(recipe.data, recipe.data.source, recipe.task, roots)
    if further := recipe.data.further:
        more = _source_rows(recipe.data, further.source, recipe.task, roots)
        more = more.join(rows, on="image_id", how="anti")  # the same images, published twice
        rows = pl.concat((rows, more))
    return rows


def divide(recipe: Recipe, rows: pl.DataFrame, roots: Mapping[str, Path]) -> pl.DataFrame:
    """Return ``image_id`` and ``part`` of the images that the recipe takes, sorted by id.

    The hold-out is taken off all of the first source's images; then the subset is chosen and
    split, lesions whole unless it is by image. Images of the further source that belong to a lesion
    in validation or test, by its id or as near-duplicates, are left out.

    Raises:
        SplitError: A part would be empty.
        RecipeError: The subset's file is not there or lists none of the images.
    """
    data = recipe.data
    rows = rows.with_columns(pl.Series("group", linked_groups(rows)))
    own = rows.filter(pl.col("source") == data.source)
    held = own.clear().select("image_id", "part")
    if data.hold_out:
        shares = {"rest": 1 - data.hold_out.share, "test": data.hold_out.share}
        parts = split(own, shares, data.hold_out.seed, own["group"].to_numpy())
        held = parts.filter(pl.col("part") == "test")
        own = own.join(held, on="image_id", how="anti")
    if data.subset:
        own = own.join(_listed(data.subset, roots[data.source]), on="image_id", how="semi")
        if own.is_empty():
            raise RecipeError(f"data.subset: {data.subset.file} lists none of the source's images")
    shares = data.split.model_dump(include={"train", "validation", "test"})
    if data.split.by == "image":
        own = own.with_columns(group=pl.int_range(own.height, dtype=pl.Int32))
    groups = own["group"].to_numpy()
    parts = pl.concat((held, split(own, shares, data.split.seed, groups)))
    if data.further:
        judged = parts.filter(pl.col("part") != "train").join(rows, on="image_id")["group"]
        more = rows.filter(
            (pl.col("source") != data.source) & ~pl.col("group").is_in(judged.implode())
        )
        parts = pl.concat((parts, more.select("image_id", pl.lit(FURTHER).alias("part"))))
    return parts.sort("image_id")


def part_of(recipe: Recipe, rows: pl.DataFrame, pixels: Prepared, name: str) -> Part:
    """Return one part's images; ``train`` ends with those of the further source.

    Args:
        recipe: The experiment.
        rows: The images in the order of ``pixels``, their part in ``part_split``.
        pixels: The images' pixels.
        name: ``train``, ``validation`` or ``test``.

    Raises:
        TrainingError: A classifier's part holds one class only, or the train part does not show
            every diagnosis that is to be learnt.
    """
    chosen = _places(rows, name)
    further = _places(rows, FURTHER) if name == "train" else chosen[:0]
    chosen = np.concatenate((chosen, further))
    labels = rows["label"].fill_null(0).to_numpy().astype(np.float32)[chosen]
    if recipe.task == "classification" and len(set(labels.tolist())) < len((BENIGN, MALIGNANT)):
        raise TrainingError(
            f"the {name} part has {int(labels.sum())} malignant of {len(labels)} images; training "
            "needs both classes in train and validation: give more data, or other shares"
        )
    masks = pixels.masks if recipe.task == "segmentation" else None
    groups = tuple(group_ids(rows)[chosen])
    diagnoses = None
    if recipe.diagnoses:
        diagnoses = diagnosis_indices(rows["diagnosis"], recipe.diagnoses)[chosen]
        if name == "train":
            check_each_is_shown(diagnoses, recipe.diagnoses)
    return Part(pixels.images, masks, chosen, labels, len(further), groups, diagnoses)


def _places(rows: pl.DataFrame, part: str) -> NDArray[np.int64]:
    return np.flatnonzero((rows["part_split"] == part).to_numpy())


def _source_rows(data: Data, name: str, task: Task, roots: Mapping[str, Path]) -> pl.DataFrame:
    if name not in roots:
        raise RecipeError(f"the recipe reads '{name}': say where it lies with --root {name}=DIR")
    rows = usable_for(SOURCES[name].read(roots[name]), task)
    taken = pl.col("part").is_null() | pl.col("part").is_in(data.official_parts)
    if (chosen := rows.filter(taken)).is_empty():
        there = ", ".join(rows["part"].unique().sort())
        raise RecipeError(
            f"data.official_parts: {list(data.official_parts)} are not in "
            f"{roots[name]}; it holds: {there}"
        )
    return chosen


def _listed(subset: Subset, root: Path) -> pl.DataFrame:
    path = (root if root.is_dir() else root.parent) / subset.file
    try:
        table = read_table(path, ("image_id", subset.column))
    except (OSError, SourceError) as fault:
        raise RecipeError(f"data.subset: {path} cannot be read: {fault}") from fault
    return table.filter(pl.col(subset.column).is_in(subset.values)).select("image_id")
