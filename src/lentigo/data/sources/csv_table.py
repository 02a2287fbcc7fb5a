"""A table of one's own: a CSV that names the files and what is known of them."""

from pathlib import Path

import polars as pl

from lentigo.data.labels import BENIGN, LABELS, MALIGNANT, diagnosis_of
from lentigo.data.sources.base import source
from lentigo.data.sources.table import numbers, read_table
from lentigo.errors import SourceError

_FACTS = {"group": "lesion", "sex": "sex", "site": "site", "part": "part"}
_LABEL_WORDS = {"0": BENIGN, "0.0": BENIGN, "1": MALIGNANT, "1.0": MALIGNANT}


@source(
    "csv",
    "a CSV file, or a folder with a single one, with the column path and any of mask, label (0, 1 "
    "or a diagnosis), group, image_id, age, sex, site and part; paths are relative to the file",
    licence="the terms of your own data",
)
def read_csv(root: Path) -> pl.DataFrame:
    """Read the table; an id is the column ``image_id``, or the path without its suffix."""
    path = _table_of(root)
    table = read_table(path, required=("path",))
    if table["path"].null_count():
        raise SourceError(f"{path}: {table['path'].null_count()} rows have no path")
    stems = [str(Path(name).with_suffix("")) for name in table["path"]]
    columns = {
        "image_id": table["image_id"] if "image_id" in table.columns else pl.Series(stems),
        "image": _absolute(table["path"], path.parent),
    }
    columns |= {new: table[old] for old, new in _FACTS.items() if old in table.columns}
    if "mask" in table.columns:
        columns["mask"] = _absolute(table["mask"], path.parent)
    if "age" in table.columns:
        columns["age"] = numbers(table, "age", path)
    if "label" in table.columns:
        labels = [_label(path, value) for value in table["label"]]
        columns["label"] = pl.Series([label for label, _ in labels], dtype=pl.Int8)
        columns["diagnosis"] = pl.Series([name for _, name in labels], dtype=pl.String)
    return pl.DataFrame(columns)


def _table_of(root: Path) -> Path:
    if root.is_file():
        return root
    tables = sorted(path for path in root.iterdir() if path.suffix.casefold() == ".csv")
    if len(tables) != 1:
        found = ", ".join(path.name for path in tables) or "none"
        raise SourceError(f"{root}: expected a single CSV file, found {found}; name the file")
    return tables[0]


def _absolute(names: pl.Series, folder: Path) -> pl.Series:
    paths = [None if name is None else str(folder / name) for name in names]
    return pl.Series(paths, dtype=pl.String)


def _label(path: Path, value: str | None) -> tuple[int | None, str | None]:
    if value is None:
        return None, None
    if value in _LABEL_WORDS:
        return _LABEL_WORDS[value], None
    diagnosis = diagnosis_of(value)
    if diagnosis is None:
        raise SourceError(
            f"{path}: label must be 0, 1 or one of {', '.join(LABELS)}; got '{value}'"
        )
    return LABELS[diagnosis], diagnosis
