"""ISIC 2017 Part 3, the diagnoses, on the images and masks that ISIC 2018 Task 1 took over."""

from pathlib import Path

import polars as pl

from lentigo.data.manifest import join_files
from lentigo.data.sources.base import source
from lentigo.data.sources.isic2017 import TOKENS, read_diagnoses
from lentigo.data.sources.table import image_ids, read_table
from lentigo.data.sources.tree import IMAGE_SUFFIX, Tree
from lentigo.errors import SourceError

_IMAGES = r"isic[-_]?2018_task1-2_training_input"
_MASKS = r"isic[-_]?2018_task1_training_groundtruth"
_DIAGNOSES = {
    rf"isic[-_]?2017_{token}_part3_groundtruth\.csv": part for token, part in TOKENS.items()
} | {r"isic[-_]?2017_part3_groundtruth\.csv": None}
_PARTS = r"isic[-_]?2017_part\.csv"


@source(
    "isic2017-part3",
    "ISIC2018_Task1-2_Training_Input/ISIC_*.jpg, "
    "ISIC2018_Task1_Training_GroundTruth/ISIC_*_segmentation.png, "
    "ISIC-2017_{Training,Validation,Test_v2}_Part3_GroundTruth.csv or, of all parts, "
    "isic2017_part3_groundtruth.csv and isic2017_part.csv",
    licence="CC BY-NC 4.0 (Codella et al. 2018, 2019)",
)
def read_isic2017_part3(root: Path) -> pl.DataFrame:
    """Read images, masks and diagnoses, whichever are there.

    Images that no table of 2017 lists have no diagnosis, and no part.
    """
    tree = Tree(root, known="|".join((_IMAGES, _MASKS, _PARTS, *_DIAGNOSES)))
    facts = [
        read_diagnoses(table).with_columns(part=pl.lit(part, dtype=pl.String))
        for name, part in _DIAGNOSES.items()
        if (table := tree.table(name))
    ]
    rows = join_files(
        images=tree.find(rf"(ISIC_\d+){IMAGE_SUFFIX}", _IMAGES),
        masks=tree.find(rf"(ISIC_\d+)_segmentation{IMAGE_SUFFIX}", _MASKS),
        facts=pl.concat(facts) if facts else None,
    )
    if not facts or (table := tree.table(_PARTS)) is None:
        return rows
    parts = rows.join(_official_parts(table), on="image_id", how="left")
    return parts.with_columns(pl.coalesce("part", "isic2017_part").alias("part")).drop(
        "isic2017_part"
    )


def _official_parts(path: Path) -> pl.DataFrame:
    table = read_table(path, required=("image_id", "isic2017_part"))
    part = table["isic2017_part"]
    unknown = part.filter(~part.is_in(list(TOKENS.values())))
    if len(unknown):
        known = ", ".join(TOKENS.values())
        raise SourceError(f"{path}: isic2017_part is '{unknown[0]}'; expected {known}")
    return pl.DataFrame([image_ids(table, "image_id"), part])
