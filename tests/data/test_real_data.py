"""What is known of the public datasets, checked on them where they are."""

import os
from pathlib import Path

import polars as pl
import pytest

from lentigo.data.duplicates import identical_files
from lentigo.data.sources import read_source
from lentigo.data.splits import split

pytestmark = pytest.mark.real


def manifest_of(source: str, folder: str) -> pl.DataFrame:
    if not (data := os.environ.get("LENTIGO_DATA")):
        pytest.skip("LENTIGO_DATA is not set: it names the folder that holds the real datasets")
    if not (root := Path(data) / folder).is_dir():
        pytest.skip(f"LENTIGO_DATA has no folder {folder}")
    return read_source(source, root)


@pytest.fixture(scope="module")
def ham10000() -> pl.DataFrame:
    return manifest_of("ham10000", "ham10000")


def test_ham10000_is_whole(ham10000: pl.DataFrame) -> None:
    assert ham10000.height == 10_015
    assert ham10000.select(pl.col("image", "mask", "label", "lesion").count()).row(0) == (
        (10_015,) * 4
    )
    assert dict(ham10000["label"].value_counts().rows()) == {0: 8_061, 1: 1_954}
    assert ham10000["lesion"].n_unique() == 7_470


def test_ham10000_holds_two_images_twice(ham10000: pl.DataFrame) -> None:
    names = [
        tuple(Path(path).stem for path in group) for group in identical_files(ham10000["image"])
    ]
    assert names == [("ISIC_0024366", "ISIC_0029861"), ("ISIC_0024777", "ISIC_0029938")]


@pytest.mark.parametrize("seed", [0, 42])
def test_ham10000_splits_near_the_shares_and_by_lesion(ham10000: pl.DataFrame, seed: int) -> None:
    shares = {"train": 0.70, "validation": 0.15, "test": 0.15}
    joined = ham10000.drop("part").join(split(ham10000, shares, seed), on="image_id")
    assert joined.group_by("lesion").agg(pl.col("part").n_unique())["part"].max() == 1
    for label in (0, 1):
        of_label = joined.filter(pl.col("label") == label)
        for part, share in shares.items():
            got = of_label.filter(pl.col("part") == part).height / of_label.height
            assert got == pytest.approx(share, abs=0.015)


def test_isic2018_task1_pairs_every_image_with_its_mask() -> None:
    manifest = manifest_of("isic2018-task1", "isic2018_task1")
    assert manifest.select(pl.col("image", "mask").count()).row(0) == (manifest.height,) * 2
    assert set(manifest["part"]) == {"train"}


def test_isic2017_s_diagnoses_stand_beside_task_1_s_images() -> None:
    rows = manifest_of("isic2017-part3", "isic2018_task1").filter(pl.col("label").is_not_null())
    assert rows.select(pl.col("image", "mask", "part").count()).row(0) == (1_921,) * 3
    assert dict(rows["label"].value_counts().rows()) == {0: 1_539, 1: 382}
    assert dict(rows["part"].value_counts().rows()) == {"train": 1_800, "validation": 121}
