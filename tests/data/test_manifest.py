from pathlib import Path

import polars as pl
import pytest

from lentigo.data.manifest import (
    MANIFEST_SCHEMA,
    build_manifest,
    group_ids,
    join_files,
    usable_for,
)
from lentigo.errors import SourceError


def test_absent_columns_are_null_and_rows_sorted() -> None:
    manifest = build_manifest(pl.DataFrame({"image_id": ["b", "a"], "label": [1, 0]}), "csv")
    assert manifest.schema == MANIFEST_SCHEMA
    assert manifest["image_id"].to_list() == ["a", "b"]
    assert manifest["label"].to_list() == [0, 1]
    assert manifest["age"].null_count() == 2


def test_an_id_stands_once() -> None:
    with pytest.raises(SourceError, match="such as a"):
        build_manifest(pl.DataFrame({"image_id": ["a", "b", "a"]}), "csv")


def test_a_column_of_no_meaning_is_a_programmer_s_error() -> None:
    with pytest.raises(ValueError, match="colour"):
        build_manifest(pl.DataFrame({"image_id": ["a"], "colour": ["red"]}), "csv")


def test_files_and_facts_meet_in_one_row() -> None:
    facts = pl.DataFrame({"image_id": ["a", "c"], "label": [1, 0]})
    rows = join_files({"a": Path("/a.jpg")}, {"a": Path("/m.png"), "b": Path("/n.png")}, facts)
    assert rows.sort("image_id").rows() == [
        ("a", "/a.jpg", "/m.png", 1),
        ("b", None, "/n.png", None),
        ("c", None, None, 0),
    ]


def test_usable_rows_have_an_image_and_the_task_s_truth() -> None:
    rows = {
        "image_id": ["a", "b", "c"],
        "image": ["/a.jpg", "/b.jpg", None],
        "mask": ["/a.png", None, "/c.png"],
        "label": [None, 1, 0],
    }
    manifest = build_manifest(pl.DataFrame(rows), "csv")
    assert usable_for(manifest, "segmentation")["image_id"].to_list() == ["a"]
    assert usable_for(manifest, "classification")["image_id"].to_list() == ["b"]
    with pytest.raises(SourceError, match="2 rows, 1 have an image, 1 a label, and none has both"):
        usable_for(manifest.filter(pl.col("image_id") != "b"), "classification")


def test_an_image_without_a_lesion_is_a_group_of_its_own() -> None:
    rows = {"image_id": ["a", "b", "c", "d"], "lesion": ["x", None, "x", "b"]}
    groups = group_ids(build_manifest(pl.DataFrame(rows), "csv")).to_list()
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3
