"""What a person reads and looks at, at both sizes; all on one page that is not changed for good."""

import json
from pathlib import Path

import pytest
from viewer_page import Screen, Viewer

NOTICE = "Research use only: not a medical device, not a diagnosis."


def test_the_riskiest_image_comes_first_and_is_shown(
    viewer: Viewer, photos: dict[str, Path]
) -> None:
    assert viewer.names == [photos[name].name for name in ("malignant", "benign", "noise")]
    assert viewer.text("#answer-name") == photos["malignant"].name
    drawn = "() => [...document.querySelectorAll('.thumbnail')].every(one => one.width === 112)"
    viewer.page.wait_for_function(drawn)
    assert NOTICE in viewer.text(".top")
    assert NOTICE in viewer.text("footer")


def test_the_answer_is_told_first_and_in_words(viewer: Viewer, photos: dict[str, Path]) -> None:
    viewer.choose(photos["malignant"].name)
    assert viewer.text("#answer-title").endswith("risk, called malignant")
    assert "of 100 lesions scored like this, about" in viewer.text("#frequency").lower()
    assert "were malignant in the held-out data" in viewer.text("#frequency")
    assert "threshold of 17 % (operating point sensitivity-90)" in viewer.text("#decision")
    label = viewer.page.locator("#bar").get_attribute("aria-label")
    assert "on a scale from 0 to 100 %, threshold 17 %" in label
    shown = viewer.page.locator("#bar-risk").bounding_box()["width"]
    whole = viewer.page.locator("#bar").bounding_box()["width"]
    assert shown / whole == pytest.approx(
        int(viewer.text("#answer-title").split()[0]) / 100, abs=0.02
    )


def test_the_reasons_are_told(viewer: Viewer, photos: dict[str, Path]) -> None:
    viewer.choose(photos["malignant"].name)
    told = viewer.text("#measurements")
    assert all(name in told for name in ("Size", "Asymmetry", "Border", "Colour"))
    assert "Expected overlap with an expert's outline: 0." in viewer.text("#quality")
    assert viewer.page.locator("#diagnoses li").count() == 7
    assert "melanoma" in viewer.text("#diagnoses")
    assert viewer.page.evaluate("document.getElementById('crop').width") > 100


def test_an_image_that_is_no_dermoscopy_is_not_scored(
    viewer: Viewer, photos: dict[str, Path]
) -> None:
    viewer.choose(photos["noise"].name)
    assert viewer.text("#answer-title") == "Not scored"
    assert "does not look like dermoscopy" in viewer.text("#decision")
    assert "--no-gate" in viewer.text("#cautions")
    assert viewer.page.locator("#risk").is_hidden()
    assert viewer.page.locator("#frequency").is_hidden()
    assert viewer.page.locator("#measured").is_hidden()
    assert viewer.page.locator("#edit").is_disabled()
    assert viewer.page.locator("[data-kind=dicom]").is_hidden()
    assert viewer.page.locator("[data-kind=pdf]").is_visible()


def test_outline_and_heat_map_lie_over_the_picture(viewer: Viewer, photos: dict[str, Path]) -> None:
    viewer.choose(photos["malignant"].name)
    outlined = viewer.picture()
    viewer.slide("outline-opacity", 30)
    faint = viewer.picture()
    viewer.page.uncheck("#outline-on")
    bare = viewer.picture()
    viewer.page.check("#heat-on")
    heated = viewer.picture()
    assert "yellow to red" in viewer.text("#heat-note")
    assert "with a heat map" in viewer.page.locator("#canvas").get_attribute("aria-label")
    viewer.slide("heat-opacity", 30)
    assert len({outlined, faint, bare, heated, viewer.picture()}) == 5
    viewer.page.uncheck("#heat-on")
    assert viewer.picture() == bare
    viewer.page.check("#outline-on")
    viewer.slide("outline-opacity", 100)
    assert viewer.picture() == outlined


def test_the_picture_zooms_and_pans(viewer: Viewer, photos: dict[str, Path]) -> None:
    viewer.choose(photos["malignant"].name)
    whole = viewer.picture()
    viewer.page.click("#zoom-in")
    near = viewer.picture()
    viewer.drag((0.5, 0.5), (0.3, 0.4))
    panned = viewer.picture()
    viewer.page.click("#zoom-out")
    viewer.page.click("#zoom-fit")
    assert viewer.picture() == whole
    viewer.page.focus("#stage")
    viewer.page.keyboard.press("+")
    by_key = viewer.picture()
    viewer.page.keyboard.press("ArrowRight")
    moved_by_key = viewer.picture()
    viewer.page.keyboard.press("0")
    assert viewer.picture() == whole
    if viewer.screen is Screen.PHONE:
        ends = (0.4, 0.5), (0.6, 0.5), (0.2, 0.5), (0.8, 0.5)
        one, other, far_one, far_other = (viewer.at(*end) for end in ends)
        viewer.touch([one, other], [far_one, far_other])
    else:
        viewer.page.mouse.move(*viewer.at(0.5, 0.5))
        viewer.page.mouse.wheel(0, -200)
    assert len({whole, near, panned, by_key, moved_by_key, viewer.picture()}) == 6
    viewer.page.click("#zoom-fit")


def test_another_operating_point_decides_all_images_and_files(
    viewer: Viewer, photos: dict[str, Path]
) -> None:
    viewer.choose(photos["malignant"].name)
    viewer.page.select_option("#point", "max-accuracy")
    viewer.page.wait_for_function("() => document.getElementById('answer').className === 'benign'")
    viewer.settle(3)
    assert "operating point max-accuracy" in viewer.text("#decision")
    assert "of the malignant images in the held-out data" in viewer.text("#point-words")
    assert viewer.page.locator("#list .malignant").count() == 0
    with viewer.page.expect_download() as download:
        viewer.page.click("[data-kind=json]")
    finding = json.loads(Path(download.value.path()).read_text())
    assert finding["operating_point"]["name"] == "max-accuracy"
    assert finding["decision"] == "benign"
    viewer.page.select_option("#point", "sensitivity-90")
    viewer.page.wait_for_function(
        "() => document.getElementById('answer').className === 'malignant'"
    )
    viewer.settle(3)


def test_files_can_be_kept(viewer: Viewer, photos: dict[str, Path]) -> None:
    viewer.choose(photos["malignant"].name)
    starts = {"pdf": b"%PDF-", "html": b"<!doctype html>", "mask": b"\x89PNG", "json": b"{"}
    for kind, start in starts.items():
        with viewer.page.expect_download() as download:
            viewer.page.click(f"[data-kind={kind}]")
        assert download.value.suggested_filename.startswith(photos["malignant"].stem)
        assert Path(download.value.path()).read_bytes().startswith(start)
    pydicom = pytest.importorskip("pydicom")
    with viewer.page.expect_download() as download:
        viewer.page.click("[data-kind=dicom]")
    written = pydicom.dcmread(download.value.path())
    assert (written.Modality, written.Rows, written.Columns) == ("SEG", 384, 512)


def test_names_of_files_stay_here(viewer: Viewer, photos: dict[str, Path]) -> None:
    assert viewer.sent
    for photo in photos.values():
        assert not any(photo.stem.encode() in body for body in viewer.sent)
