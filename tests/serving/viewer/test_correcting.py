"""A person corrects the outline, and all that follows from it changes at once."""

import json
from pathlib import Path

import pytest
from viewer_page import OpenViewer, Viewer

desktop = pytest.mark.parametrize("open_viewer", ["desktop"], indirect=True)


def area(viewer: Viewer) -> str:
    return viewer.text("#measurements").split("Asymmetry")[0]


def wait_for_other(viewer: Viewer, before: str) -> None:
    viewer.page.wait_for_function(
        "before => !document.getElementById('measurements').innerText.replace(/\\s+/g, ' ')"
        ".startsWith(before)",
        arg=before,
    )
    viewer.settle(1)


def test_a_brush_corrects_the_outline(open_viewer: OpenViewer, photos: dict[str, Path]) -> None:
    viewer = open_viewer(photos["malignant"])
    viewer.shown()
    model, crop, risk = area(viewer), viewer.picture("crop"), viewer.text("#answer-title")
    viewer.page.click("#edit")
    viewer.slide("brush-size", 90)
    viewer.drag((0.6, 0.4), (0.9, 0.35))
    wait_for_other(viewer, model)
    wider = area(viewer)
    assert "Corrected by hand" in viewer.text("#quality")
    assert viewer.picture("crop") != crop
    assert viewer.text("#answer-title") != risk
    assert viewer.text("#badge") == viewer.text("#answer-title")
    with viewer.page.expect_download() as download:
        viewer.page.click("[data-kind=json]")
    assert json.loads(Path(download.value.path()).read_text())["outline_by"] == "caller"
    viewer.page.check("#brush-erase")
    viewer.drag((0.3, 0.5), (0.5, 0.5))
    wait_for_other(viewer, wider)
    smaller = area(viewer)
    viewer.page.click("#model-outline")
    wait_for_other(viewer, smaller)
    assert area(viewer) == model
    assert "By the model" in viewer.text("#quality")
    assert viewer.text("#answer-title") == risk
    assert viewer.page.locator("#model-outline").is_disabled()


@desktop
def test_keys_alone_correct_the_outline(open_viewer: OpenViewer, photos: dict[str, Path]) -> None:
    viewer = open_viewer(photos["malignant"])
    press, before = viewer.page.keyboard.press, area(viewer)
    viewer.page.focus("#edit")
    press("Enter")
    viewer.page.focus("#grow")
    press("Space")
    wait_for_other(viewer, before)
    grown = area(viewer)
    viewer.page.focus("#stage")
    press("e")
    assert viewer.page.is_checked("#brush-erase")
    press("]")
    for _ in range(3):
        press("Shift+ArrowLeft")
    wait_for_other(viewer, grown)
    for _ in range(3):
        press("Control+z")
    viewer.page.click("#undo")
    wait_for_other(viewer, area(viewer))
    assert area(viewer) == before


@desktop
def test_an_empty_outline_is_not_sent_and_said_in_words(
    open_viewer: OpenViewer, photos: dict[str, Path]
) -> None:
    viewer = open_viewer(photos["malignant"])
    viewer.page.click("#edit")
    sent = len(viewer.sent)
    viewer.page.evaluate("document.getElementById('brush-erase').click()")
    viewer.slide("brush-size", 100)
    viewer.page.focus("#stage")
    for row in (0.34, 0.5, 0.66):
        viewer.drag((0.05, row), (0.95, row))
    viewer.page.wait_for_function(
        "() => document.getElementById('cautions').innerText.includes('outline is empty')"
    )
    empty = len(viewer.sent)
    viewer.page.click("#model-outline")
    viewer.page.wait_for_function(
        "() => !document.getElementById('cautions').innerText.includes('outline is empty')"
    )
    assert empty - sent <= 3
    assert viewer.errors == []
