"""ISIC 2018 Task 3, diagnosis in seven classes (Codella et al. 2019, arXiv:1902.03368)."""

from pathlib import Path

import polars as pl

from lentigo.data.labels import HAM10000_CLASSES, LABELS
from lentigo.data.sources.base import source
from lentigo.data.sources.challenge import ChallengePart, no_facts, read_challenge
from lentigo.data.sources.ham10000 import ham10000_facts
from lentigo.data.sources.table import image_ids, one_hot, read_table
from lentigo.data.sources.tree import Tree

_PARTS = tuple(
    ChallengePart(
        part=part,
        images=rf"isic[-_]?2018_task3_{token}_input",
        diagnoses=rf"isic[-_]?2018_task3_{token}_groundtruth\.csv",
        metadata=rf"isic[-_]?2018_task3_{token}_lesiongroupings\.csv",
    )
    for token, part in {"training": "train", "validation": "validation", "test": "test"}.items()
)


@source(
    "isic2018-task3",
    "ISIC2018_Task3_{Training,Validation,Test}_Input/ISIC_*.jpg, "
    "ISIC2018_Task3_{Training,Validation,Test}_GroundTruth.csv (one-hot MEL, NV, BCC, AKIEC, BKL, "
    "DF, VASC) and ISIC2018_Task3_Training_LesionGroupings.csv",
    licence="CC BY-NC 4.0 (Tschandl et al. 2018, Codella et al. 2019)",
)
def read_isic2018_task3(root: Path) -> pl.DataFrame:
    """Read images, diagnoses and lesion groups of whichever parts are there."""
    return read_challenge(root, _PARTS, _facts)


def _facts(tree: Tree, part: ChallengePart) -> pl.DataFrame:
    diagnoses, groups = tree.table(part.diagnoses), tree.table(part.metadata)
    facts = _diagnoses(diagnoses) if diagnoses else no_facts()
    return (
        facts
        if groups is None
        else facts.join(_groups(groups), on="image_id", how="full", coalesce=True)
    )


def _diagnoses(path: Path) -> pl.DataFrame:
    table = read_table(path)
    if "dx" in table.columns:  # the test part as HAM10000's authors publish it
        return ham10000_facts(path)
    table = read_table(path, required=("image", *HAM10000_CLASSES))
    diagnosis = one_hot(table, HAM10000_CLASSES, path)
    label = diagnosis.replace_strict(LABELS, return_dtype=pl.Int8).alias("label")
    return pl.DataFrame([image_ids(table, "image"), diagnosis, label])


def _groups(path: Path) -> pl.DataFrame:
    table = read_table(path, required=("image", "lesion_id"))
    columns = [image_ids(table, "image"), table["lesion_id"].alias("lesion")]
    if "diagnosis_confirm_type" in table.columns:
        columns.append(table["diagnosis_confirm_type"].alias("dx_type"))
    return pl.DataFrame(columns)
