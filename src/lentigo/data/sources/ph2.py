"""PH²: 200 images of melanocytic lesions (Mendonça et al. 2013, doi:10.1109/EMBC.2013.6610779)."""

import csv
import io
import re
from pathlib import Path

import polars as pl

from lentigo.data.labels import LABELS, diagnosis_of
from lentigo.data.manifest import join_files
from lentigo.data.sources.base import source
from lentigo.data.sources.tree import IMAGE_SUFFIX, Tree
from lentigo.errors import SourceError

_IMAGES = r"ph2[ _-]?dataset[ _-]?images"
_TABLE = r"ph2[ _-]?dataset\.(?:txt|csv|tsv)"
_DEPTH = 5  # PH2Dataset/PH2 Dataset images/IMD002/IMD002_lesion/IMD002_lesion.bmp, and one to spare
_CLASSES = ("common nevus", "atypical nevus", "melanoma")
_HEADER = r"(?:image )?name|image(?: id)?"
_NAME = re.compile(r"IMD\d+", re.IGNORECASE)


@source(
    "ph2",
    "'PH2 Dataset images'/IMD002/IMD002_Dermoscopic_Image/IMD002.bmp, "
    ".../IMD002_lesion/IMD002_lesion.bmp and PH2_dataset.txt (or .csv)",
    licence="research and education only (Mendonça et al. 2013)",
)
def read_ph2(root: Path) -> pl.DataFrame:
    """Read images, masks and clinical diagnoses, whichever are there."""
    tree = Tree(root, known=f"{_IMAGES}|{_TABLE}", depth=_DEPTH)
    table = tree.table(_TABLE)
    return join_files(
        images=tree.find(rf"(IMD\d+){IMAGE_SUFFIX}"),
        masks=tree.find(rf"(IMD\d+)_lesion{IMAGE_SUFFIX}"),
        facts=_diagnoses(table) if table else None,
    )


def _diagnoses(path: Path) -> pl.DataFrame:
    """Read the rows named IMDnnn; titles, rules and the legend around them are left out."""
    rows = _cells(path)
    header = next((row for row in rows if _column(row, _HEADER) is not None), [])
    named = [row for row in rows if _column(row, _NAME.pattern) is not None]
    if not named:
        raise SourceError(f"{path}: no row is named like IMD002; expected PH2's table of diagnoses")
    diagnoses = [_diagnosis(path, header, row) for row in named]
    names = [next(cell for cell in row if _NAME.fullmatch(cell)).upper() for row in named]
    return pl.DataFrame(
        {
            "image_id": names,
            "diagnosis": diagnoses,
            "label": [LABELS[diagnosis] for diagnosis in diagnoses],
        },
        schema_overrides={"label": pl.Int8},
    )


def _cells(path: Path) -> list[list[str]]:
    """Split a table at ``||`` and ``|`` where it has them, else at tabs, semicolons or commas."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if "||" in text:
        rows = [re.split(r"\|\|?", line) for line in text.splitlines()]
    else:
        separator = next((mark for mark in "\t;" if mark in text), ",")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    return [[" ".join(cell.replace("_", " ").split()) for cell in row] for row in rows]


def _column(row: list[str], pattern: str) -> int | None:
    fits = (re.fullmatch(pattern, cell, re.IGNORECASE) for cell in row)
    return next((index for index, match in enumerate(fits) if match), None)


def _diagnosis(path: Path, header: list[str], row: list[str]) -> str:
    """Return the clinical diagnosis: a code 0–2 or a name, or the one marked class column."""
    column = _column(header, r"(?:clinical )?diagnosis")
    cell = row[column].removesuffix(".0") if column is not None and column < len(row) else ""
    if cell in ("0", "1", "2"):
        return _CLASSES[int(cell)]
    marked = [
        name
        for name in _CLASSES
        if (at := _column(header, name)) is not None and at < len(row) and row[at]
    ]
    diagnosis = marked[0] if len(marked) == 1 else diagnosis_of(cell)
    if diagnosis not in _CLASSES:
        raise SourceError(
            f"{path}: expected a column 'Clinical Diagnosis' with 0 (common nevus), 1 (atypical "
            f"nevus) or 2 (melanoma); got '{cell}' in the row {' '.join(row).strip()}"
        )
    return diagnosis
