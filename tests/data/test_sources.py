"""One contract for all sources, on tiny trees written here in the official layouts."""

import errno
import os
from pathlib import Path

import pytest
from source_layouts import (
    LAYOUTS,
    OFFICIAL,
    Expected,
    folder,
    ham10000,
    isic2017,
    isic2017_part3,
    isic2018_task3,
    ph2,
    picture,
    text,
)

from lentigo.data.manifest import MANIFEST_SCHEMA
from lentigo.data.sources import SOURCES, read_source
from lentigo.errors import SourceError, UnknownNameError


def found(name: str, root: Path) -> dict[str, Expected]:
    manifest = read_source(name, root)
    return {
        row["image_id"]: Expected(
            row["image"] is not None,
            row["mask"] is not None,
            *(row[column] for column in ("label", "diagnosis", "lesion", "part")),
        )
        for row in manifest.iter_rows(named=True)
    }


def test_every_source_has_a_layout_here() -> None:
    assert set(LAYOUTS) == set(SOURCES)


@pytest.mark.parametrize("name", sorted(LAYOUTS))
class TestContract:
    def test_reads_its_layout(self, name: str, tmp_path: Path) -> None:
        assert LAYOUTS[name](tmp_path) == found(name, tmp_path)

    def test_gives_a_manifest(self, name: str, tmp_path: Path) -> None:
        LAYOUTS[name](tmp_path)
        manifest = read_source(name, tmp_path)
        assert manifest.schema == MANIFEST_SCHEMA
        assert manifest["image_id"].is_sorted()
        assert set(manifest["source"]) == {name}
        files = [*manifest["image"].drop_nulls(), *manifest["mask"].drop_nulls()]
        assert all(Path(file).is_absolute() and Path(file).is_file() for file in files)

    def test_a_relative_root_gives_absolute_paths(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = LAYOUTS[name](tmp_path)
        monkeypatch.chdir(tmp_path)
        assert found(name, Path()) == expected

    def test_ignores_what_archives_add(self, name: str, tmp_path: Path) -> None:
        expected = LAYOUTS[name](tmp_path)
        for place in [path for path in tmp_path.rglob("*") if path.is_dir()]:
            text(place / "LICENSE.txt", "CC-0")
            text(place / ".DS_Store", "")
            text(place / "._ISIC_0000009.jpg", "")
        text(tmp_path / "__MACOSX" / "mel" / "ISIC_0000009.jpg", "")
        assert found(name, tmp_path) == expected

    def test_another_folder_is_refused_with_the_layout(self, name: str, tmp_path: Path) -> None:
        text(tmp_path / "holiday.txt", "nothing of the kind")
        with pytest.raises(SourceError, match=r"looked for|expected") as fault:
            read_source(name, tmp_path)
        assert str(tmp_path) in str(fault.value)

    def test_a_missing_folder_is_refused(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no such file or folder"):
            read_source(name, tmp_path / "absent")


@pytest.mark.parametrize("name", OFFICIAL)
class TestOfficialLayouts:
    def test_the_root_may_be_one_or_two_levels_above(self, name: str, tmp_path: Path) -> None:
        expected = LAYOUTS[name](tmp_path / "download" / "unpacked")
        assert found(name, tmp_path / "download") == expected
        assert found(name, tmp_path) == expected

    def test_suffixes_may_be_capitals(self, name: str, tmp_path: Path) -> None:
        expected = LAYOUTS[name](tmp_path)
        for file in [path for path in tmp_path.rglob("*") if path.suffix in {".jpg", ".png"}]:
            file.rename(file.with_suffix(file.suffix.upper()))
        assert found(name, tmp_path) == expected

    def test_images_alone_are_enough(self, name: str, tmp_path: Path) -> None:
        expected = LAYOUTS[name](tmp_path)
        for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
            is_truth = "segmentation" in file.name or "lesion" in file.name.lower()
            if is_truth or file.suffix in {".csv", ".txt", ""}:
                file.unlink()
        rows = found(name, tmp_path)
        assert set(rows) == set(expected)
        assert all(row.image and not row.mask and row.label is None for row in rows.values())

    def test_truth_alone_is_enough(self, name: str, tmp_path: Path) -> None:
        expected = LAYOUTS[name](tmp_path)
        for row in read_source(name, tmp_path).iter_rows(named=True):
            Path(row["image"]).unlink()
        rows = found(name, tmp_path)
        assert not any(row.image for row in rows.values())
        assert {key: row.label for key, row in rows.items()} == {
            key: row.label for key, row in expected.items()
        }


@pytest.mark.parametrize(
    ("name", "part", "place"),
    [
        ("isic2017", "test", "ISIC-2017_Test_v2_Data"),
        ("isic2018-task1", "validation", "ISIC2018_Task1-2_Validation_Input"),
        ("isic2018-task1", "test", "ISIC2018_Task1_Test_GroundTruth"),
        ("isic2018-task3", "test", "ISIC2018_Task3_Test_Input"),
    ],
)
def test_a_part_s_own_folder_as_root_gives_that_part(
    name: str, part: str, place: str, tmp_path: Path
) -> None:
    expected = LAYOUTS[name](tmp_path)
    assert found(name, tmp_path / place) == {
        key: row for key, row in expected.items() if row.part == part
    }


@pytest.mark.parametrize(
    ("name", "place"), [("ham10000", "HAM10000_images_part_1"), ("ph2", "PH2 Dataset images")]
)
def test_the_image_folder_as_root_finds_its_neighbours(
    name: str, place: str, tmp_path: Path
) -> None:
    expected = LAYOUTS[name](tmp_path)
    assert found(name, tmp_path / place) == expected


def test_a_single_part_is_enough(tmp_path: Path) -> None:
    image_id = "ISIC_0012086"
    picture(tmp_path / "ISIC-2017_Test_v2_Data" / "ISIC-2017_Test_v2_Data" / f"{image_id}.jpg")
    picture(tmp_path / "ISIC-2017_Test_v2_Part1_GroundTruth" / f"{image_id}_Segmentation.png")
    assert found("isic2017", tmp_path) == {image_id: Expected(mask=True, part="test")}


def test_metadata_of_2017_gives_age_and_sex(tmp_path: Path) -> None:
    isic2017(tmp_path)
    row = read_source("isic2017", tmp_path).row(0, named=True)
    assert (row["age"], row["sex"]) == (55.0, "female")


def test_a_part_that_2017_does_not_have_is_refused(tmp_path: Path) -> None:
    isic2017_part3(tmp_path)
    text(tmp_path / "isic2017_part.csv", "image_id,isic2017_part", "ISIC_0000000,training")
    with pytest.raises(SourceError, match=r"isic2017_part\.csv: isic2017_part is 'training'"):
        read_source("isic2017-part3", tmp_path)


def test_unknown_values_are_null(tmp_path: Path) -> None:
    ham10000(tmp_path)
    row = read_source("ham10000", tmp_path).row(1, named=True)
    assert (row["age"], row["sex"], row["site"]) == (None, None, "back")


@pytest.mark.parametrize(
    "rows",
    [
        ("Name,Histological Diagnosis,Clinical Diagnosis", "IMD003,,0", "IMD002,,1", "IMD058,M,2"),
        ("Name\tHistological Diagnosis\tClinical Diagnosis", "IMD003\t\t0", "IMD002\t\t1.0",
         "IMD058\tM\t2"),
        ("image_id;clinical_diagnosis", "imd003;0", "imd002;1", "imd058;2"),
        ("image_name,diagnosis", "IMD003,Common Nevus", "IMD002,Atypical Nevus", "IMD058,Melanoma"),
        ("PH2 dataset,,,,", "Image Name,Histology,Common Nevus,Atypical Nevus,Melanoma",
         "IMD003,,X,,", "IMD002,,,X,", "IMD058,\"Melanoma, in situ\",,,X"),
    ],
)  # fmt: skip
def test_ph2_tables_come_in_many_forms(rows: tuple[str, ...], tmp_path: Path) -> None:
    expected = ph2(tmp_path)
    (tmp_path / "PH2_dataset.txt").unlink()
    text(tmp_path / "PH2_dataset.csv", *rows)
    assert found("ph2", tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "table", "lines", "teaches"),
    [
        ("ham10000", "HAM10000_metadata", ("image_id,dx", "ISIC_1,wart"), "got 'wart'"),
        ("ham10000", "HAM10000_metadata", ("image_id,age", "ISIC_1,5"), "dx not among"),
        ("ham10000", "HAM10000_metadata", ("image_id,dx,age", "ISIC_1,nv,old"), "got 'old'"),
        ("ham10000", "HAM10000_metadata", ("image_id,dx", "ISIC_1,nv,5"), "row 2 has 3 values"),
        ("ham10000", "HAM10000_metadata", ("image_id,dx", "ISIC_1,nv", "ISIC_1,nv"), "ISIC_1"),
        (
            "isic2018-task3",
            "ISIC2018_Task3_Test_GroundTruth.csv",
            ("image,MEL,NV,BCC,AKIEC,BKL,DF,VASC", "ISIC_1,1,1,0,0,0,0,0"),
            "row 2 has 2",
        ),
        (
            "isic2017-part3",
            "isic2017_part3_groundtruth.csv",
            ("image_id,melanoma,seborrheic_keratosis", "ISIC_1,1,1"),
            "row 2 has 2",
        ),
        ("ph2", "PH2_dataset.txt", ("|| Name || Clinical Diagnosis ||", "|| IMD1 || 7 ||"), "'7'"),
        ("ph2", "PH2_dataset.txt", ("Legends:",), "no row is named like IMD002"),
        ("csv", "t.csv", ("path,label", "a.jpg,wart"), "got 'wart'"),
        ("csv", "t.csv", ("file,label", "a.jpg,1"), "path not among file, label"),
    ],
)
def test_wrong_tables_are_refused_with_what_is_wrong(
    name: str, table: str, lines: tuple[str, ...], teaches: str, tmp_path: Path
) -> None:
    text(tmp_path / table, *lines)
    with pytest.raises(SourceError, match=teaches):
        read_source(name, tmp_path)


def test_test_labels_of_2018_may_come_as_ham10000_s_authors_publish_them(tmp_path: Path) -> None:
    isic2018_task3(tmp_path)
    text(
        tmp_path / "ISIC2018_Task3_Test_GroundTruth.csv",
        '"lesion_id","image_id","dx","dx_type","age","sex","localization","dataset"',
        '"HAMTEST_0000000","ISIC_0034524","nv","follow_up",40.0,"female","back","vidir_molemax"',
    )
    assert found("isic2018-task3", tmp_path)["ISIC_0034524"] == Expected(
        label=0, diagnosis="nv", lesion="HAMTEST_0000000", part="test"
    )


def test_images_outside_a_class_folder_are_refused(tmp_path: Path) -> None:
    folder(tmp_path)
    picture(tmp_path / "train" / "warts" / "c.jpg")
    with pytest.raises(SourceError, match="warts: holds images, but no folder"):
        read_source("folder", tmp_path)


def test_an_unknown_source_names_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'ham10000'"):
        read_source("ham1000", Path())


def test_a_sub_folder_that_cannot_be_listed_is_left_out_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = isic2017(tmp_path)
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    scandir = os.scandir

    def closed(path: Path) -> "os._ScandirIterator[str]":
        if path.name == "lost+found":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert read_source("isic2017", tmp_path)["image_id"].to_list() == sorted(expected)
    assert "lost+found: left out, cannot be listed (Permission denied)" in caplog.text


def test_a_table_in_another_encoding_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("path,label,site\na.jpg,1,Rücken\n".encode("cp1252"))
    with pytest.raises(SourceError, match=r"t\.csv: expected .*UTF-8, got the byte 0xFC.*Excel"):
        read_source("csv", tmp_path / "t.csv")
