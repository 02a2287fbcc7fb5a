"""The manifest: the table of a dataset, one row an image."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import polars as pl

from lentigo.errors import SourceError

MANIFEST_SCHEMA: Final = pl.Schema(
    {
        "image_id": pl.String,
        "image": pl.String,
        "mask": pl.String,
        "label": pl.Int8,
        "diagnosis": pl.String,
        "lesion": pl.String,
        "age": pl.Float64,
        "sex": pl.String,
        "site": pl.String,
        "dx_type": pl.String,
        "part": pl.String,
        "source": pl.String,
    }
)
"""``image`` and ``mask`` are absolute paths, ``label`` is 1 for malignant and 0 for benign, ``age``
is in years, ``part`` is the official part (train, validation or test). All but ``image_id`` and
``source`` may be null."""

Task = Literal["segmentation", "classification"]


def build_manifest(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """Bring ``rows`` into the manifest's schema, sorted by ``image_id``.

    Args:
        rows: At least ``image_id``; columns that are absent become null.
        source: Name of the data source.

    Raises:
        SourceError: An ``image_id`` is missing or stands twice.
        ValueError: A column that the schema does not have.
    """
    if unknown := set(rows.columns) - set(MANIFEST_SCHEMA):
        raise ValueError(f"a manifest has no column {sorted(unknown)}")
    rows = rows.with_columns(pl.lit(source).alias("source"))
    manifest = rows.select(
        pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in MANIFEST_SCHEMA.items()
    )
    if manifest["image_id"].null_count():
        raise SourceError(f"{source}: {manifest['image_id'].null_count()} rows have no image_id")
    twice = manifest.filter(pl.col("image_id").is_duplicated())["image_id"].unique().sort()
    if len(twice):
        raise SourceError(
            f"{source}: an image_id must stand once, but {len(twice)} stand more than once, "
            f"such as {twice[0]}; remove the copies"
        )
    return manifest.with_columns(pl.col("age").fill_nan(None)).sort("image_id")


def join_files(
    images: Mapping[str, Path], masks: Mapping[str, Path], facts: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return one row for each id that has an image, a mask or facts.

    Args:
        images: Image files by ``image_id``.
        masks: Mask files by ``image_id``.
        facts: Further columns of the manifest, with ``image_id``.
    """
    rows = _files("image", images).join(
        _files("mask", masks), on="image_id", how="full", coalesce=True
    )
    if facts is None:
        return rows
    return rows.join(facts, on="image_id", how="full", coalesce=True)


def _files(column: str, files: Mapping[str, Path]) -> pl.DataFrame:
    columns = {"image_id": list(files), column: [str(path) for path in files.values()]}
    return pl.DataFrame(columns, schema={"image_id": pl.String, column: pl.String})


def usable_for(manifest: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Return the rows that have what a task needs: an image, and its mask or its label.

    Raises:
        SourceError: There is no such row.
    """
    truth = {"segmentation": "mask", "classification": "label"}[task]
    rows = manifest.filter(pl.col("image").is_not_null() & pl.col(truth).is_not_null())
    if rows.is_empty():
        raise SourceError(
            f"{task} needs images with a {truth}; of {manifest.height} rows, "
            f"{manifest['image'].count()} have an image, {manifest[truth].count()} a {truth}, "
            "and none has both"
        )
    return rows


def group_ids(manifest: pl.DataFrame) -> pl.Series:
    """Return one group name a row: its lesion, or the image itself where no lesion is known."""
    image = pl.concat_str(pl.lit("image:"), "image_id")
    return manifest.select(group=pl.coalesce("lesion", image))["group"]
