"""Write docs/images/*.jpg: the report of `lentigo demo` and the page of `lentigo serve`.

    python docs/screenshots.py

Needs the extra [dev] and a Chromium, which the variable CHROMIUM may name.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from viewer_page import Viewer, opened, served  # noqa: E402 (what the tests do on the page)

from lentigo.cli import app  # noqa: E402
from lentigo.cli.common import run  # noqa: E402
from lentigo.runtime.analyzer import Analyzer  # noqa: E402
from lentigo.serving.settings import Settings  # noqa: E402
from lentigo.synthetic import sample_set  # noqa: E402

IMAGES = ROOT / "docs" / "images"
QUALITY = 82


def main() -> None:
    """Draw samples, open the pages on them, and take their pictures."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder:
        samples = [sample.image for sample in sample_set(Path(folder), count=6)]
        options = {"executable_path": chromium, "args": ["--no-sandbox", "--disable-gpu"]}
        with (
            served(Settings(), Analyzer()) as url,
            sync_playwright() as playwright,
            playwright.chromium.launch(**options) as browser,
        ):
            report(browser, Path(folder) / "demo")
            overview(browser, url, samples)
            correcting(browser, url, samples[1])
            phone(browser, url, samples[3])


def report(browser: Browser, folder: Path) -> None:
    """The top of the report of a run, as the README shows it."""
    run(app, ["demo", "--out", str(folder)])
    page = browser.new_page(viewport={"width": 1060, "height": 1010}, device_scale_factor=1.25)
    page.goto((folder / "report.html").as_uri())
    page.screenshot(path=IMAGES / "report.jpg", type="jpeg", quality=QUALITY)


def overview(browser: Browser, url: str, samples: list[Path]) -> None:
    """Several images, the riskiest shown, on a light desktop."""
    with opened(browser, url, "desktop", color_scheme="light") as viewer:
        viewer.add(*samples)
        save(viewer, "viewer.jpg")


def correcting(browser: Browser, url: str, sample: Path) -> None:
    """One image with its heat map while its outline is corrected, on a dark desktop."""
    with opened(browser, url, "desktop", color_scheme="dark") as viewer:
        viewer.add(sample)
        viewer.page.check("#heat-on")
        viewer.page.click("#edit")
        viewer.slide("brush-size", 40)
        viewer.drag((0.62, 0.47), (0.72, 0.36))
        viewer.page.wait_for_function(
            "() => document.getElementById('quality').textContent.startsWith('Corrected')"
        )
        viewer.settle(1)
        save(viewer, "viewer-correcting.jpg")


def phone(browser: Browser, url: str, sample: Path) -> None:
    """One image on a phone: the answer, and further down the picture."""
    with opened(browser, url, "phone", color_scheme="light") as viewer:
        viewer.add(sample)
        save(viewer, "viewer-phone.jpg")
        viewer.page.locator("#look").scroll_into_view_if_needed()
        viewer.page.evaluate("() => document.getElementById('look').scrollIntoView()")
        save(viewer, "viewer-phone-picture.jpg")


def save(viewer: Viewer, name: str) -> None:
    """Take a picture of what is in the window."""
    viewer.painted()
    viewer.page.screenshot(path=IMAGES / name, type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
