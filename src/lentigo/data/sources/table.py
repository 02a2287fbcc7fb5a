"""Tables as datasets publish them: comma, tab or semicolon, with or without quotes and BOM."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from lentigo.data.sources.tree import IMAGE_SUFFIX
from lentigo.errors import SourceError

_NULLS = ("", "na", "nan", "none", "null", "unknown")


def read_table(path: Path, required: Sequence[str] = ()) -> pl.DataFrame:
    """Read a table as text: names in lower case, values stripped, "unknown" and the like null.

    Args:
        path: The file; its header tells which of comma, tab and semicolon separates.
        required: Columns that must be there.

    Raises:
        SourceError: No table, not in UTF-8, a required column is absent, or a row does not fit the
            header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = stream.readline()
            separator = max(",\t;", key=header.count)
            stream.seek(0)
            rows = [row for row in csv.reader(stream, delimiter=separator) if any(row)]
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path}: expected text in UTF-8, got the byte 0x{error.object[error.start]:02X}, "
            "which is none; save the table anew as UTF-8 (in Excel: 'CSV UTF-8')"
        ) from error
    except csv.Error as error:
        raise SourceError(f"{path}: not a table: {error}") from error
    names = [name.strip().casefold() for name in rows[0]] if rows else []
    _check(path, names, rows[1:], required)
    table = pl.DataFrame(rows[1:], schema=dict.fromkeys(names, pl.String), orient="row")
    text = pl.all().str.strip_chars()
    return table.select(text).select(
        pl.when(~pl.all().str.to_lowercase().is_in(_NULLS)).then(pl.all())
    )


def _check(
    path: Path, names: list[str], rows: Sequence[Sequence[str]], required: Sequence[str]
) -> None:
    if absent := [name for name in required if name not in names]:
        raise SourceError(
            f"{path}: expected the columns {', '.join(required)}; "
            f"{', '.join(absent)} not among {', '.join(names) or 'no columns'}"
        )
    if len(set(names)) < len(names):
        raise SourceError(f"{path}: a column name stands twice in {', '.join(names)}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise SourceError(
                f"{path}: row {number} has {len(row)} values, but the header has {len(names)}"
            )


def numbers(table: pl.DataFrame, column: str, path: Path) -> pl.Series:
    """Return a column of ``table`` as 64-bit floats; null stays null.

    Raises:
        SourceError: A value is no number.
    """
    values = table[column].cast(pl.Float64, strict=False)
    wrong = table[column].filter(values.is_null() & table[column].is_not_null())
    if len(wrong):
        raise SourceError(f"{path}: column {column} must hold numbers, got '{wrong[0]}'")
    return values


def image_ids(table: pl.DataFrame, column: str) -> pl.Series:
    """Return a column of image names as ids: in capitals, without a file's suffix."""
    suffix = rf"(?i){IMAGE_SUFFIX}$"
    return table[column].str.replace(suffix, "").str.to_uppercase().alias("image_id")


def one_hot(
    table: pl.DataFrame, columns: Sequence[str], path: Path, *, none: str | None = None
) -> pl.Series:
    """Return the name of the column that holds the row's one.

    Args:
        table: Columns of zeros and ones, as text.
        columns: The classes.
        path: For the error.
        none: What a row without a one is; None where each row must have one.

    Raises:
        SourceError: A value is no number, or a row has another count of ones.
    """
    values = np.stack([numbers(table, column, path).fill_null(0) for column in columns], axis=1)
    ones = values > 0.5
    counts = ones.sum(axis=1)
    if len(wrong := np.flatnonzero((counts > 1) | ((counts == 0) & (none is None)))):
        raise SourceError(
            f"{path}: each row must have a single 1 among {', '.join(columns)}, "
            f"but row {wrong[0] + 2} has {counts[wrong[0]]}"
        )
    names = np.array(columns)[ones.argmax(axis=1)]
    return pl.Series("diagnosis", np.where(counts == 0, none or "", names), dtype=pl.String)
