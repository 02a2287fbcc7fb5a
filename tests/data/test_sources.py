"""One contract for all sources, on tiny trees written here in the official layouts."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.data.manifest import MANIFEST_SCHEMA
from lentigo.data.sources import SOURCES, read_source
from lentigo.errors import SourceError, UnknownNameError


@dataclass(frozen=True)
class Expected:
    image: bool = True
    mask: bool = False
    label: int | None = None
    diagnosis: str | None = None
    lesion: str | None = None
    part: str | None = None


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {".jpg": "JPEG", ".bmp": "BMP", ".png": "PNG"}[path.suffix.lower()]
    Image.fromarray(np.full((6, 8, 3), 128, np.uint8)).save(path, format=kind)


def text(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def isic2017(root: Path) -> dict[str, Expected]:
    ids = {"Training": "ISIC_0000000", "Validation": "ISIC_0001769", "Test_v2": "ISIC_0012086"}
    for token, image_id in ids.items():
        images = root / f"ISIC-2017_{token}_Data"
        picture(images / f"{image_id}.jpg")
        picture(images / f"{image_id}_superpixels.png")
        text(
            images / f"ISIC-2017_{token}_Data_metadata.csv",
            "image_id,age_approximate,sex",
            f"{image_id},55,female",
        )
        picture(root / f"ISIC-2017_{token}_Part1_GroundTruth" / f"{image_id}_segmentation.png")
    header = "image_id,melanoma,seborrheic_keratosis"
    rows = {"Training": "1.0,0.0", "Validation": "0.0,1.0", "Test_v2": "0.0,0.0"}
    for token, row in rows.items():
        text(root / f"ISIC-2017_{token}_Part3_GroundTruth.csv", header, f"{ids[token]},{row}")
    return {
        "ISIC_0000000": Expected(mask=True, label=1, diagnosis="melanoma", part="train"),
        "ISIC_0001769": Expected(
            mask=True, label=0, diagnosis="seborrheic keratosis", part="validation"
        ),
        "ISIC_0012086": Expected(mask=True, label=0, diagnosis="nevus", part="test"),
    }


def isic2017_part3(root: Path) -> dict[str, Expected]:
    images = root / "ISIC2018_Task1-2_Training_Input"
    for image_id in ("ISIC_0000000", "ISIC_0001769", "ISIC_0012086", "ISIC_0016072"):
        picture(images / f"{image_id}.jpg")
    for image_id in ("ISIC_0000000", "ISIC_0016072"):
        masks = root / "ISIC2018_Task1_Training_GroundTruth"
        picture(masks / f"{image_id}_segmentation.png")
    header = "image_id,melanoma,seborrheic_keratosis"
    text(root / "ISIC-2017_Test_v2_Part3_GroundTruth.csv", header, "ISIC_0012086,0.0,0.0")
    text(
        root / "isic2017_part3_groundtruth.csv",
        header,
        "ISIC_0000000,1.0,0.0",
        "ISIC_0001769,0.0,1.0",
    )
    text(root / "isic2017_part.csv", "image_id,isic2017_part", "ISIC_0000000,train")
    return {
        "ISIC_0000000": Expected(mask=True, label=1, diagnosis="melanoma", part="train"),
        "ISIC_0001769": Expected(label=0, diagnosis="seborrheic keratosis"),
        "ISIC_0012086": Expected(label=0, diagnosis="nevus", part="test"),
        "ISIC_0016072": Expected(mask=True),
    }


def isic2018_task1(root: Path) -> dict[str, Expected]:
    parts = {"Training": "train", "Validation": "validation", "Test": "test"}
    expected = {}
    for number, (token, part) in enumerate(parts.items()):
        image_id = f"ISIC_000000{number}"
        images = root / f"ISIC2018_Task1-2_{token}_Input"
        masks = root / f"ISIC2018_Task1_{token}_GroundTruth"
        picture(images / f"{image_id}.jpg")
        picture(masks / f"{image_id}_segmentation.png")
        text(images / "ATTRIBUTION.txt", "…")
        text(masks / "LICENSE.txt", "…")
        expected[image_id] = Expected(mask=True, part=part)
    return expected


def isic2018_task3(root: Path) -> dict[str, Expected]:
    header = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
    train, test = "ISIC2018_Task3_Training", "ISIC2018_Task3_Test"
    for image_id in ("ISIC_0024306", "ISIC_0024307"):
        picture(root / f"{train}_Input" / f"{image_id}.jpg")
    picture(root / f"{test}_Input" / "ISIC_0034524.jpg")
    text(
        root / f"{train}_GroundTruth" / f"{train}_GroundTruth.csv",
        header,
        "ISIC_0024306,0.0,1.0,0.0,0.0,0.0,0.0,0.0",
        "ISIC_0024307,0.0,0.0,0.0,1.0,0.0,0.0,0.0",
    )
    text(
        root / f"{train}_LesionGroupings.csv",
        "image,lesion_id,diagnosis_confirm_type",
        "ISIC_0024306,HAM_0000550,serial imaging showing no change",
        "ISIC_0024307,HAM_0003577,histopathology",
    )
    text(root / f"{test}_GroundTruth.csv", header, "ISIC_0034524,1,0,0,0,0,0,0")
    return {
        "ISIC_0024306": Expected(label=0, diagnosis="nv", lesion="HAM_0000550", part="train"),
        "ISIC_0024307": Expected(label=1, diagnosis="akiec", lesion="HAM_0003577", part="train"),
        "ISIC_0034524": Expected(label=1, diagnosis="mel", part="test"),
    }


def ham10000(root: Path) -> dict[str, Expected]:
    picture(root / "HAM10000_images_part_1" / "ISIC_0027419.jpg")
    picture(root / "HAM10000_images_part_2" / "ISIC_0031633.JPG")
    picture(root / "HAM10000_segmentations" / "ISIC_0027419_segmentation.png")
    text(
        root / "HAM10000_metadata",
        "lesion_id,image_id,dx,dx_type,age,sex,localization",
        "HAM_0000118,ISIC_0027419,bkl,histo,80.0,male,scalp",
        "HAM_0004234,ISIC_0031633,bcc,histo,,unknown,back",
    )
    return {
        "ISIC_0027419": Expected(mask=True, label=0, diagnosis="bkl", lesion="HAM_0000118"),
        "ISIC_0031633": Expected(label=1, diagnosis="bcc", lesion="HAM_0004234"),
    }


PH2_TABLE = (
    "||   Name || Histological Diagnosis || Clinical Diagnosis || Asymmetry | Pigment Network "
    "| Dots/Globules ||  Colors ||",
    "|| IMD003 ||                        ||                  0 ||         0 |               T "
    "|             A ||       4 ||",
    "|| IMD002 ||                        ||                  1 ||         1 |              AT "
    "|            AT ||  3    4 ||",
    "|| IMD058 ||     Melanoma, Clark II ||                  2 ||         2 |              AT "
    "|             A ||  3 5  6 ||",
    "",
    "Legends:",
    "Clinical Diagnosis:",
    "   0 - Common Nevus;",
    "   1 - Atypical Nevus;",
    "   2 - Melanoma.",
)


def ph2(root: Path) -> dict[str, Expected]:
    for image_id in ("IMD003", "IMD002", "IMD058"):
        case = root / "PH2 Dataset images" / image_id
        picture(case / f"{image_id}_Dermoscopic_Image" / f"{image_id}.bmp")
        picture(case / f"{image_id}_lesion" / f"{image_id}_lesion.bmp")
        picture(case / f"{image_id}_roi" / f"{image_id}_R1_Label2.bmp")
    text(root / "PH2_dataset.txt", *PH2_TABLE)
    return {
        "IMD002": Expected(mask=True, label=0, diagnosis="atypical nevus"),
        "IMD003": Expected(mask=True, label=0, diagnosis="common nevus"),
        "IMD058": Expected(mask=True, label=1, diagnosis="melanoma"),
    }


def folder(root: Path) -> dict[str, Expected]:
    picture(root / "train" / "Benign" / "a.jpg")
    picture(root / "train" / "Benign" / "a_mask.png")
    picture(root / "test" / "mel" / "b.png")
    return {
        "test/mel/b": Expected(label=1, diagnosis="mel", part="test"),
        "train/Benign/a": Expected(mask=True, label=0, diagnosis="benign", part="train"),
    }


def csv(root: Path) -> dict[str, Expected]:
    picture(root / "pictures" / "a.jpg")
    picture(root / "pictures" / "a_m.png")
    picture(root / "pictures" / "b.jpg")
    text(
        root / "table.csv",
        "path,mask,label,group",
        "pictures/a.jpg,pictures/a_m.png,1,patient 7",
        "pictures/b.jpg,,nevus,",
    )
    return {
        "pictures/a": Expected(mask=True, label=1, lesion="patient 7"),
        "pictures/b": Expected(label=0, diagnosis="nevus"),
    }


LAYOUTS: dict[str, Callable[[Path], dict[str, Expected]]] = {
    "isic2017": isic2017,
    "isic2017-part3": isic2017_part3,
    "isic2018-task1": isic2018_task1,
    "isic2018-task3": isic2018_task3,
    "ham10000": ham10000,
    "ph2": ph2,
    "folder": folder,
    "csv": csv,
}
OFFICIAL = sorted(set(LAYOUTS) - {"folder", "csv"})


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
