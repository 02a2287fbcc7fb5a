"""Class sub-folders: what a diagnosis is called names the folder that holds its images."""

import re
from pathlib import Path

import polars as pl

from lentigo.data.labels import LABELS, diagnosis_of
from lentigo.data.sources.base import source
from lentigo.data.sources.tree import IMAGE_SUFFIX, Tree
from lentigo.errors import SourceError

_PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
_IMAGE = re.compile(rf"(.+){IMAGE_SUFFIX}", re.IGNORECASE)
_MASK = re.compile(r"(.+)_(?:segmentation|mask|lesion)", re.IGNORECASE)


@source(
    "folder",
    "CLASS/*.jpg or PART/CLASS/*.jpg, with PART one of train, validation and test, and CLASS one "
    f"of {', '.join(LABELS)}; NAME_mask.png beside NAME.jpg is its mask",
    licence="the terms of your own data",
)
def read_folder(root: Path) -> pl.DataFrame:
    """Read images below class folders; an id is the path below the root without its suffix."""
    rows: dict[str, dict[str, str | int | None]] = {}
    for place, names in Tree(root).files.items():
        below = place.relative_to(root).parts
        files = [(match[1], name) for name in names if (match := _IMAGE.fullmatch(name))]
        if not files:
            continue
        facts = _facts(place, below)
        for stem, name in files:
            mask = _MASK.fullmatch(stem)
            image_id = "/".join((*below, mask[1] if mask else stem))
            column = "mask" if mask else "image"
            row = rows.setdefault(image_id, {"image_id": image_id, **facts})
            if column in row:
                raise SourceError(f"{root}: {image_id} has two files: {row[column]} and {name}")
            row[column] = str(place / name)
    return pl.DataFrame(list(rows.values()), schema=_COLUMNS)


def _facts(place: Path, below: tuple[str, ...]) -> dict[str, str | int | None]:
    diagnosis = next((known for name in reversed(below) if (known := diagnosis_of(name))), None)
    if diagnosis is None:
        raise SourceError(
            f"{place}: holds images, but no folder around them names a class; "
            f"expected one of {', '.join(LABELS)}"
        )
    part = next((_PARTS[name.casefold()] for name in below if name.casefold() in _PARTS), None)
    return {"diagnosis": diagnosis, "label": LABELS[diagnosis], "part": part}


_COLUMNS = {
    "image_id": pl.String,
    "image": pl.String,
    "mask": pl.String,
    "diagnosis": pl.String,
    "label": pl.Int8,
    "part": pl.String,
}
