"""The page in headless Chromium, at a desktop's and at a phone's size, on the shipped models."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from viewer_page import SCREENS, OpenViewer, Viewer, opened, served

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.settings import Settings
from lentigo.synthetic import sample_set

QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="package")
def shipped_page() -> Iterator[str]:
    with served(Settings(), Analyzer(threads=1)) as url:
        yield url


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium; install it (Debian: chromium) or name it in CHROMIUM")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A lesion that looks benign, one that looks malignant, and what is no dermoscopy."""
    folder = tmp_path_factory.mktemp("photos")
    samples = sample_set(folder, count=2)
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    return {
        "benign": samples[0].image,
        "malignant": samples[1].image,
        "noise": folder / "noise.png",
    }


@pytest.fixture(params=SCREENS)
def open_viewer(
    request: pytest.FixtureRequest, chromium: Any, shipped_page: str
) -> Iterator[OpenViewer]:
    """Opens a page of its own, with files; at both sizes."""
    with ExitStack() as stack:

        def open_one(*files: Path, url: str = shipped_page) -> Viewer:
            viewer = stack.enter_context(opened(chromium, url, request.param))
            viewer.add(*files)
            return viewer

        yield open_one


@pytest.fixture(scope="module", params=SCREENS)
def viewer(
    request: pytest.FixtureRequest, chromium: Any, shipped_page: str, photos: dict[str, Path]
) -> Iterator[Viewer]:
    """A page with the three photos that a module's tests share, at both sizes."""
    with opened(chromium, shipped_page, request.param) as shared:
        shared.add(*photos.values())
        yield shared
