"""HAM10000: 10,015 images of 7,470 lesions (Tschandl et al. 2018, doi:10.1038/sdata.2018.161)."""

from pathlib import Path

import polars as pl

from lentigo.data.labels import HAM10000_CLASSES, LABELS
from lentigo.data.manifest import join_files
from lentigo.data.sources.base import source
from lentigo.data.sources.table import image_ids, numbers, read_table
from lentigo.data.sources.tree import IMAGE_SUFFIX, Tree
from lentigo.errors import SourceError

_IMAGES = r"ham10000_images.*"
_MASKS = r"ham10000_segmentations.*"
_METADATA = r"ham10000_metadata(?:\.csv|\.tab|\.txt)?"


@source(
    "ham10000",
    "HAM10000_images/ISIC_*.jpg (or HAM10000_images_part_1 and _part_2), "
    "HAM10000_segmentations/ISIC_*_segmentation.png and HAM10000_metadata.csv",
    licence="CC BY-NC 4.0 (Tschandl et al. 2018)",
)
def read_ham10000(root: Path) -> pl.DataFrame:
    """Read images, masks and metadata, whichever are there."""
    tree = Tree(root, known=f"{_IMAGES}|{_MASKS}|{_METADATA}")
    metadata = tree.table(_METADATA)
    return join_files(
        images=tree.find(rf"(ISIC_\d+){IMAGE_SUFFIX}", _IMAGES),
        masks=tree.find(rf"(ISIC_\d+)_segmentation{IMAGE_SUFFIX}", _MASKS),
        facts=ham10000_facts(metadata) if metadata else None,
    )


def ham10000_facts(path: Path) -> pl.DataFrame:
    """Read a table with ``image_id`` and ``dx``, and of the other HAM10000 columns those it has.

    Raises:
        SourceError: A column is absent or ``dx`` is none of the seven classes.
    """
    table = read_table(path, required=("image_id", "dx"))
    diagnosis = table["dx"].str.to_lowercase()
    unknown = diagnosis.filter(~diagnosis.is_in(HAM10000_CLASSES))
    if len(unknown):
        raise SourceError(f"{path}: dx must be one of {HAM10000_CLASSES}, got '{unknown[0]}'")
    columns = {
        "image_id": image_ids(table, "image_id"),
        "diagnosis": diagnosis,
        "label": diagnosis.replace_strict(LABELS, return_dtype=pl.Int8),
    }
    renamed = {"lesion_id": "lesion", "sex": "sex", "localization": "site", "dx_type": "dx_type"}
    columns |= {new: table[old] for old, new in renamed.items() if old in table.columns}
    if "age" in table.columns:
        columns["age"] = numbers(table, "age", path)
    return pl.DataFrame(columns)
