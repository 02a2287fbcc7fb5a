"""Tiny trees in the official layouts of all sources, and what is to be found in each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image


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
