"""ISIC 2017, segmentation and diagnosis: Parts 1 and 3 (Codella et al. 2018, arXiv:1710.05006)."""

from pathlib import Path

import polars as pl

from lentigo.data.labels import LABELS
from lentigo.data.sources.base import source
from lentigo.data.sources.challenge import ChallengePart, no_facts, read_challenge
from lentigo.data.sources.table import image_ids, numbers, one_hot, read_table
from lentigo.data.sources.tree import Tree

TOKENS = {"training": "train", "validation": "validation", r"test(?:_v2)?": "test"}
_PARTS = tuple(
    ChallengePart(
        part=part,
        images=rf"isic[-_]?2017_{token}_data",
        masks=rf"isic[-_]?2017_{token}_part1_groundtruth",
        diagnoses=rf"isic[-_]?2017_{token}_part3_groundtruth\.csv",
        metadata=rf"isic[-_]?2017_{token}_data_metadata\.csv",
    )
    for token, part in TOKENS.items()
)
_CLASSES = ("melanoma", "seborrheic_keratosis")


@source(
    "isic2017",
    "ISIC-2017_{Training,Validation,Test_v2}_Data/ISIC_*.jpg, "
    "ISIC-2017_..._Part1_GroundTruth/ISIC_*_segmentation.png and "
    "ISIC-2017_..._Part3_GroundTruth.csv",
    licence="CC-0 (Codella et al. 2018)",
)
def read_isic2017(root: Path) -> pl.DataFrame:
    """Read images, masks and diagnoses of whichever parts are there."""
    return read_challenge(root, _PARTS, _facts)


def _facts(tree: Tree, part: ChallengePart) -> pl.DataFrame:
    diagnoses, metadata = tree.table(part.diagnoses), tree.table(part.metadata)
    facts = read_diagnoses(diagnoses) if diagnoses else no_facts()
    return (
        facts
        if metadata is None
        else facts.join(_metadata(metadata), on="image_id", how="full", coalesce=True)
    )


def read_diagnoses(path: Path) -> pl.DataFrame:
    """Return ``image_id``, ``diagnosis`` and ``label`` from a ground truth of Part 3.

    Raises:
        SourceError: The table is not one.
    """
    table = read_table(path, required=("image_id", *_CLASSES))
    diagnosis = one_hot(table, _CLASSES, path, none="nevus").str.replace_all("_", " ")
    label = diagnosis.replace_strict(LABELS, return_dtype=pl.Int8).alias("label")
    return pl.DataFrame([image_ids(table, "image_id"), diagnosis, label])


def _metadata(path: Path) -> pl.DataFrame:
    table = read_table(path, required=("image_id", "age_approximate", "sex"))
    age = numbers(table, "age_approximate", path).alias("age")
    return pl.DataFrame([image_ids(table, "image_id"), age, table["sex"]])
