"""How images come in, and what is said when one does not, or the server does not answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from viewer_page import OpenViewer, opened, served

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.settings import Settings
from lentigo.serving.tokens import make_token

desktop = pytest.mark.parametrize("open_viewer", ["desktop"], indirect=True)

GIVE = """([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def tiny_page(watchful_bundle: Any, telling_bundle: Any) -> Any:
    """A page whose server looks with tiny models."""
    analyzer = Analyzer(watchful_bundle, telling_bundle, engine="onnxruntime", gate=False)
    with served(Settings(), analyzer) as url:
        yield url


def encoded(file: Path) -> tuple[str, str]:
    import base64

    return file.name, base64.b64encode(file.read_bytes()).decode()


@desktop
def test_images_are_dropped_and_pasted_and_removed(
    open_viewer: OpenViewer, photos: dict[str, Path], tiny_page: str
) -> None:
    viewer = open_viewer(url=tiny_page)
    viewer.page.evaluate(GIVE, ["drop", [encoded(photos["benign"])]])
    viewer.settle(1)
    viewer.page.evaluate(GIVE, ["paste", [encoded(photos["malignant"])]])
    viewer.settle(2)
    assert set(viewer.names) == {photos["benign"].name, photos["malignant"].name}
    for name in viewer.names:
        viewer.page.get_by_role("button", name=f"Remove {name}").click()
    assert viewer.names == []
    assert viewer.page.locator("#answer").is_hidden()
    assert viewer.page.locator(".lead").is_visible()


@desktop
def test_keys_alone_lead_through_the_list(
    open_viewer: OpenViewer, photos: dict[str, Path], tiny_page: str
) -> None:
    viewer = open_viewer(photos["benign"], photos["malignant"], url=tiny_page)
    first, second = viewer.names
    viewer.page.locator("#list .row").first.focus()
    viewer.page.keyboard.press("ArrowDown")
    viewer.page.keyboard.press("Enter")
    assert viewer.text("#answer-name") == second
    viewer.page.keyboard.press("Home")
    viewer.page.keyboard.press("Enter")
    assert viewer.text("#answer-name") == first


def test_a_file_that_is_no_image_says_so_and_costs_the_others_nothing(
    open_viewer: OpenViewer, photos: dict[str, Path], tiny_page: str, tmp_path: Path
) -> None:
    (tmp_path / "<img src=x onerror=alert(1)>.jpg").write_bytes(b"words")
    (bad,) = tmp_path.iterdir()
    viewer = open_viewer(photos["benign"], bad, url=tiny_page)
    assert viewer.names == [photos["benign"].name, bad.name]
    viewer.choose(bad.name)
    assert viewer.text("#answer-title") == "No finding"
    assert "the file is not an image; expected" in viewer.text("#cautions").lower()
    assert viewer.page.locator("#again").is_visible()
    assert viewer.page.locator("#look").is_hidden()
    assert "415" in viewer.errors.pop()  # the browser's own note of the answer


@desktop
def test_what_a_browser_does_not_show_is_shown_by_the_server(
    open_viewer: OpenViewer, photos: dict[str, Path], tiny_page: str, tmp_path: Path
) -> None:
    with Image.open(photos["malignant"]) as photo:
        photo.save(tmp_path / "scan.tif")
    viewer = open_viewer(tmp_path / "scan.tif", url=tiny_page)
    viewer.shown()
    middle = viewer.page.evaluate(
        """() => {
          const canvas = document.getElementById("canvas");
          const at = [canvas.width / 2, canvas.height / 2].map(Math.round);
          return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
        }"""
    )
    assert middle[3] == 255
    assert min(middle[:3]) < 120  # the lesion, not an empty picture


@desktop
def test_a_photo_that_was_turned_is_shown_upright(
    open_viewer: OpenViewer, photos: dict[str, Path], tiny_page: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(photos["malignant"]) as photo:
        photo.save(tmp_path / "turned.jpg", exif=exif)
    viewer = open_viewer(tmp_path / "turned.jpg", url=tiny_page)
    viewer.shown()
    crop = viewer.page.evaluate(
        "() => ['width', 'height'].map((side) => document.getElementById('crop')[side])"
    )
    assert crop[1] > crop[0]  # the lesion is wider than high before it is turned


@desktop
def test_a_busy_server_is_asked_again(
    open_viewer: OpenViewer, photos: dict[str, Path], tiny_page: str
) -> None:
    viewer = open_viewer(url=tiny_page)
    busy = {"status": 503, "headers": {"Retry-After": "1"}, "body": "{}"}
    viewer.page.route("**/v1/analyze*", lambda route: route.fulfill(**busy), times=1)
    viewer.add(photos["benign"])
    assert viewer.page.locator("#list .failed").count() == 0
    assert "503" in viewer.errors.pop()


@desktop
def test_a_server_that_is_gone_is_said_to_be(
    open_viewer: OpenViewer, photos: dict[str, Path], tiny_page: str
) -> None:
    viewer = open_viewer(url=tiny_page)
    viewer.page.route("**/v1/analyze*", lambda route: route.abort(), times=1)
    viewer.add(photos["benign"])
    assert "cannot be reached" in viewer.text("#list")
    assert "ERR_FAILED" in viewer.errors.pop()
    viewer.page.click("#again")
    viewer.page.wait_for_selector("#list .benign, #list .malignant")


def test_a_server_with_tokens_asks_for_one(
    chromium: Any,
    analyzer: Analyzer,
    photos: dict[str, Path],
    tmp_path: Path,
) -> None:
    token = make_token("clinic", tmp_path / "tokens")
    settings = Settings(token_file=tmp_path / "tokens")
    with served(settings, analyzer) as url, opened(chromium, url, "phone") as viewer:
        for offered in ("wrong", token):
            viewer.page.fill("#token", offered)
            viewer.page.keyboard.press("Enter")
            viewer.page.wait_for_function(
                "wrong => document.getElementById('door').open === wrong", arg=offered == "wrong"
            )
            if offered == "wrong":
                viewer.page.wait_for_function(
                    "() => document.getElementById('door-fault').textContent.includes('not know')"
                )
        viewer.add(photos["benign"])
        assert viewer.page.locator("#list .failed").count() == 0
        assert token not in viewer.page.content()
        assert viewer.page.evaluate("() => localStorage.length") == 0
        assert all("401" in error for error in viewer.errors)
        viewer.errors.clear()


def test_a_lesion_that_was_not_found_is_said_so(
    open_viewer: OpenViewer, tiny_page: str, tmp_path: Path
) -> None:
    Image.fromarray(np.full((200, 300, 3), 220, np.uint8)).save(tmp_path / "skin.png")
    viewer = open_viewer(tmp_path / "skin.png", url=tiny_page)
    assert "no lesion was found" in viewer.text("#cautions").lower()
    assert viewer.page.locator("[data-kind=mask]").is_hidden()
    assert viewer.page.locator("#edit").is_enabled()
