import json
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageEnhance

from lentigo.data.audit import KINDS, AuditReport, audit
from lentigo.data.manifest import build_manifest
from lentigo.synthetic import draw_lesion

rng = np.random.default_rng(0)


def photo(path: Path, height: int = 30, width: int = 40) -> str:
    Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
    return str(path)


def mask(path: Path, height: int = 30, width: int = 40, values: tuple[int, ...] = (0, 255)) -> str:
    pixels = np.resize(np.array(values, dtype=np.uint8), (height, width))
    Image.fromarray(pixels).save(path)
    return str(path)


def of_kind(report: AuditReport, kind: str) -> list[str]:
    return [fault.image_id for fault in report.faults if fault.kind == kind]


def faulty(folder: Path) -> pl.DataFrame:
    copy = folder / "copy.png"
    copy.write_bytes(Path(photo(folder / "good.png")).read_bytes())
    broken = folder / "broken.png"
    broken.write_bytes(Path(photo(folder / "whole.png")).read_bytes()[:200])
    rows = [
        ("good", str(folder / "good.png"), mask(folder / "good_m.png"), "lesion 1"),
        ("zero-one", photo(folder / "z.png"), mask(folder / "z_m.png", values=(0, 1)), None),
        ("copy", str(copy), mask(folder / "copy_m.png"), "lesion 2"),
        ("broken", str(broken), mask(folder / "broken_m.png"), None),
        ("bare", photo(folder / "bare.png"), None, None),
        ("orphan", None, mask(folder / "orphan_m.png"), None),
        ("named", None, None, None),
        ("scaled", photo(folder / "scaled.png"), mask(folder / "s_m.png", 60, 80), None),
        ("shaped", photo(folder / "shaped.png"), mask(folder / "h_m.png", 30, 30), None),
        ("grey", photo(folder / "grey.png"), mask(folder / "g_m.png", values=(0, 90, 255)), None),
        ("full", photo(folder / "full.png"), mask(folder / "f_m.png", values=(255,)), None),
        ("empty", photo(folder / "empty.png"), mask(folder / "e_m.png", values=(0,)), None),
        ("faint", photo(folder / "faint.png"), mask(folder / "t_m.png", values=(0, 2)), None),
        ("gone", str(folder / "gone.png"), mask(folder / "gone_m.png"), None),
    ]
    columns = ["image_id", "image", "mask", "lesion"]
    return build_manifest(pl.DataFrame(rows, schema=columns, orient="row"), "csv")


def test_each_kind_of_fault_is_found_and_nothing_else(tmp_path: Path) -> None:
    other = build_manifest(pl.DataFrame({"image_id": ["good"]}), "ham10000")
    report = audit([faulty(tmp_path), other])
    assert {kind: of_kind(report, kind) for kind in KINDS} == {
        "unreadable": ["broken", "gone"],
        "image-without-mask": ["bare"],
        "mask-without-image": ["orphan"],
        "facts-without-image": ["named", "good"],
        "size-differs": ["scaled"],
        "shape-differs": ["shaped"],
        "mask-not-binary": ["grey"],
        "mask-constant": ["empty", "faint", "full"],
        "duplicate": ["copy", "good"],
        "near-duplicate": [],
        "id-in-two-sources": ["good", "good"],
    }


def test_faults_name_the_file_and_what_was_found(tmp_path: Path) -> None:
    details = {fault.image_id: fault.detail for fault in audit([faulty(tmp_path)]).faults}
    assert "gone.png" in details["gone"]
    assert details["copy"] == "same as csv good; another lesion"
    assert details["scaled"] == "60×80 against 30×40 px"
    assert "3 values from 0 to 255" in details["grey"]


def test_a_source_without_masks_lacks_none(tmp_path: Path) -> None:
    rows = {"image_id": ["a"], "image": [photo(tmp_path / "a.png")], "label": [1]}
    report = audit([build_manifest(pl.DataFrame(rows), "csv")])
    assert report.faults == ()
    assert (report.sources[0].images, report.sources[0].malignant) == (1, 1)


def test_the_report_is_json_with_a_count_for_each_kind(tmp_path: Path) -> None:
    report = audit([faulty(tmp_path)]).to_dict()
    assert json.loads(json.dumps(report)) == report
    assert set(report["counts"]) == set(KINDS)
    assert sum(report["counts"].values()) == len(report["faults"])


def test_progress_counts_the_rows(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    audit([faulty(tmp_path)], lambda done, total: steps.append((done, total)))
    assert steps == 2 * [(done, 14) for done in range(1, 15)]  # files, then likeness


def test_each_of_many_copies_names_a_few_others(tmp_path: Path) -> None:
    rows = {"image_id": list("abcdef"), "image": [photo(tmp_path / "one.png")] * 6}
    faults = audit([build_manifest(pl.DataFrame(rows), "csv")]).faults
    assert faults[0].detail == "same as csv b, csv c, csv d and 2 more"
    assert faults[-1].detail == "same as csv a, csv b, csv c and 2 more"


def alike(folder: Path, **columns: list[object]) -> list[tuple[str, str]]:
    """Audit a photo, its brighter copy and another photo; return the near-duplicates found."""
    one = Image.fromarray(draw_lesion(1, (192, 256), hair=True).image)
    pictures = {
        "one": one,
        "again": ImageEnhance.Brightness(one).enhance(1.3),
        "other": Image.fromarray(draw_lesion(2, (192, 256), hair=True).image),
    }
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
    paths = [str(folder / f"{name}.png") for name in pictures]
    rows = pl.DataFrame({"image_id": list(pictures), "image": paths, **columns})
    report = audit([build_manifest(rows, "csv")])
    return [(f.image_id, f.detail) for f in report.faults if f.kind == "near-duplicate"]


def test_near_duplicates_are_told_and_in_what_they_differ(tmp_path: Path) -> None:
    assert alike(tmp_path) == [
        ("again", "nearly the same as csv one"),
        ("one", "nearly the same as csv again"),
    ]
    assert alike(tmp_path, lesion=["a", "b", "c"], part=["train", "test", "test"]) == [
        ("again", "nearly the same as csv one; another lesion and part"),
        ("one", "nearly the same as csv again; another lesion and part"),
    ]


def test_photos_known_to_be_of_one_lesion_are_no_fault(tmp_path: Path) -> None:
    assert alike(tmp_path, lesion=["a", "a", "c"]) == []
