"""ISIC 2018 Task 1, lesion segmentation (Codella et al. 2019, arXiv:1902.03368)."""

from pathlib import Path

import polars as pl

from lentigo.data.sources.base import source
from lentigo.data.sources.challenge import ChallengePart, read_challenge

_PARTS = tuple(
    ChallengePart(
        part=part,
        images=rf"isic[-_]?2018_task1-2_{token}_input",
        masks=rf"isic[-_]?2018_task1_{token}_groundtruth",
    )
    for token, part in {"training": "train", "validation": "validation", "test": "test"}.items()
)


@source(
    "isic2018-task1",
    "ISIC2018_Task1-2_{Training,Validation,Test}_Input/ISIC_*.jpg and "
    "ISIC2018_Task1_{Training,Validation,Test}_GroundTruth/ISIC_*_segmentation.png",
    licence="CC BY-NC 4.0 (Codella et al. 2019)",
)
def read_isic2018_task1(root: Path) -> pl.DataFrame:
    """Read images and masks of whichever parts are there."""
    return read_challenge(root, _PARTS)
