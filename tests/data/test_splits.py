import hashlib
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lentigo.data.manifest import build_manifest
from lentigo.data.splits import (
    read_ids,
    read_split,
    rows_of_ids,
    rows_of_part,
    split,
    write_split,
)
from lentigo.errors import SplitError

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}

# One image: its lesion (None: not known), its content (equal numbers are identical files), label.
images = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 20)),
        st.integers(0, 60),
        st.sampled_from([0, 0, 0, 1, None]),
    ),
    min_size=1,
    max_size=80,
)


def manifest_of(rows: list[tuple[int | None, int, int | None]], folder: Path) -> pl.DataFrame:
    files = [folder / f"{number}.jpg" for number in range(len(rows))]
    for file, (_, content, _) in zip(files, rows, strict=True):
        file.write_bytes(content.to_bytes(4, "big"))
    return build_manifest(
        pl.DataFrame(
            {
                "image_id": [file.stem for file in files],
                "image": [str(file) for file in files],
                "lesion": [None if lesion is None else f"lesion {lesion}" for lesion, _, _ in rows],
                "label": [label for _, _, label in rows],
            },
            schema_overrides={"label": pl.Int8, "lesion": pl.String},
        ),
        "csv",
    )


def lesions(count: int, malignant_every: int = 5) -> pl.DataFrame:
    """A manifest without files: ``count`` lesions of one to four images each."""
    numbers = [number for number in range(count) for _ in range(1 + number % 4)]
    return build_manifest(
        pl.DataFrame(
            {
                "image_id": [f"image {row:05}" for row in range(len(numbers))],
                "lesion": [f"lesion {number}" for number in numbers],
                "label": [int(number % malignant_every == 0) for number in numbers],
            }
        ),
        "csv",
    )


@settings(max_examples=60, deadline=None)
@given(rows=images, seed=st.integers(0, 2**32))
def test_no_lesion_and_no_identical_image_stands_in_two_parts(
    rows: list[tuple[int | None, int, int | None]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        manifest = manifest_of(rows, Path(folder))
        try:
            parts = split(manifest, SHARES, seed)
        except SplitError as error:
            assert "would be empty" in str(error)  # too few groups
            return
    assert parts["image_id"].to_list() == manifest["image_id"].to_list()
    content = pl.Series("content", [rows[int(image_id)][1] for image_id in parts["image_id"]])
    joined = parts.with_columns(content, manifest["lesion"])
    for link in ("lesion", "content"):
        parts_of = joined.drop_nulls(link).group_by(link).agg(pl.col("part").n_unique())
        assert parts_of.filter(pl.col("part") > 1).is_empty()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), order=st.integers(0, 2**32))
def test_the_order_of_rows_changes_nothing(seed: int, order: int) -> None:
    manifest = lesions(40)
    shuffled = manifest.sample(fraction=1.0, shuffle=True, seed=order)
    assert split(shuffled, SHARES, seed).equals(split(manifest, SHARES, seed))


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(150, 400),
    train=st.floats(0.2, 0.6),
    malignant_every=st.integers(2, 6),
    seed=st.integers(0, 100),
)
def test_parts_come_near_their_shares_for_each_label(
    count: int, train: float, malignant_every: int, seed: int
) -> None:
    manifest = lesions(count, malignant_every)
    shares = {"train": train, "validation": 0.3, "test": 1 - train - 0.3}
    joined = manifest.drop("part").join(split(manifest, shares, seed), on="image_id")
    for label in (0, 1):
        of_label = joined.filter(pl.col("label") == label)
        for part, share in shares.items():
            count_of_part = of_label.filter(pl.col("part") == part).height
            assert count_of_part == pytest.approx(share * of_label.height, abs=5)


def test_large_and_small_lesions_are_shared_out_alike() -> None:
    manifest = lesions(400)
    joined = manifest.drop("part").join(split(manifest, SHARES, 1), on="image_id")
    sizes = joined.group_by("part", "lesion").len().group_by("part").agg(pl.col("len").mean())
    assert all(mean == pytest.approx(2.5, abs=0.1) for mean in sizes["len"])


def test_the_seed_matters() -> None:
    assert not split(lesions(40), SHARES, 1).equals(split(lesions(40), SHARES, 2))


def test_a_split_stays_what_it_was() -> None:
    """Were it to change, images that a shipped model trained on would count as held out."""
    parts = split(lesions(60), SHARES, 42)
    digest = hashlib.sha256(parts.write_csv().encode()).hexdigest()
    assert digest[:16] == "97105e133740630c"


def test_copies_join_the_lesions_they_stand_under(tmp_path: Path) -> None:
    rows = [(1, 10, 0), (1, 11, 0), (2, 11, 0), (2, 12, 1), (3, 13, 0), (None, 12, 0)]
    parts = split(manifest_of(rows, tmp_path), {"train": 0.5, "test": 0.5}, 3)
    linked = parts.filter(pl.col("image_id") != "4")["part"]
    assert linked.n_unique() == 1
    assert parts.filter(pl.col("image_id") == "4")["part"].item() != linked[0]


def test_rows_of_one_file_stay_together(tmp_path: Path) -> None:
    manifest = manifest_of([(number, number, 0) for number in range(8)], tmp_path)
    one_file = pl.when(pl.col("image_id") < "4").then(pl.lit(manifest["image"][0]))
    manifest = manifest.with_columns(image=one_file.otherwise("image"))
    parts = split(manifest, {"train": 0.5, "test": 0.5}, 0)
    assert parts.filter(pl.col("image_id") < "4")["part"].n_unique() == 1


@pytest.mark.parametrize(
    ("shares", "teaches"),
    [
        ({"train": 0.7, "test": 0.2}, r"must sum to 1, got train 0.7, test 0.2: 0.9"),
        ({"train": 1.5, "test": -0.5}, r"between 0 and 1"),
        ({"train": float("nan")}, r"between 0 and 1"),
        ({}, r"between 0 and 1"),
    ],
)
def test_wrong_shares_are_refused(shares: dict[str, float], teaches: str) -> None:
    with pytest.raises(SplitError, match=teaches):
        split(lesions(10), shares, 0)


def test_a_share_of_zero_makes_no_part() -> None:
    parts = split(lesions(10), {"train": 0.7, "validation": 0.3, "test": 0.0}, 0)
    assert set(parts["part"]) == {"train", "validation"}


def test_too_few_lesions_are_refused() -> None:
    with pytest.raises(SplitError, match="2 groups that must stay together"):
        split(lesions(2), SHARES, 0)


def test_a_split_comes_back_from_its_file(tmp_path: Path) -> None:
    parts = split(lesions(20), SHARES, 0)
    write_split(parts, tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv").equals(parts)


@pytest.mark.parametrize(
    ("content", "teaches"),
    [
        ("image_id,fold\na,1\n", "part not among"),
        ("image_id,part\na,train\na,test\n", "a stands more than once"),
        ("image_id,part\na,\n", "must have an image_id and a part"),
        ("", "image_id, part not among no columns"),
    ],
)
def test_a_file_that_is_no_split_is_refused(content: str, teaches: str, tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text(content)
    with pytest.raises(SplitError, match=teaches):
        read_split(tmp_path / "split.csv")
    with pytest.raises(SplitError, match=r"absent\.csv"):
        read_split(tmp_path / "absent.csv")


@pytest.mark.parametrize("content", ["a\n\n b \n", "image_id\na\nb\n", "part,image_id\nx,a\ny,b\n"])
def test_ids_are_read_from_lines_or_a_column(content: str, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text(content)
    assert read_ids(tmp_path / "ids.txt") == ["a", "b"]


def test_no_ids_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("\n")
    with pytest.raises(SplitError, match="no ids"):
        read_ids(tmp_path / "ids.txt")


def test_rows_are_chosen_by_part_or_id() -> None:
    manifest = lesions(20)
    parts = split(manifest, SHARES, 0)
    chosen = rows_of_part(manifest, parts, "test")
    assert set(chosen["image_id"]) == set(parts.filter(pl.col("part") == "test")["image_id"])
    with pytest.raises(SplitError, match="no part 'tset'; it has: test, train, validation"):
        rows_of_part(manifest, parts, "tset")
    with pytest.raises(SplitError, match="1 of 2 ids are not in the data, such as nowhere"):
        rows_of_ids(manifest, ["image 00000", "nowhere"])
