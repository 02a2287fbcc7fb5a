"""The page in headless Chromium, at a desktop's and at a phone's size, on the shipped models."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import uvicorn
from PIL import Image
from viewer_page import Screen, Viewer

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.app import create_app
from lentigo.serving.settings import Settings
from lentigo.synthetic import sample_set

OpenViewer: TypeAlias = Callable[..., Viewer]

SCREENS = {
    "desktop": {"viewport": {"width": 1360, "height": 850}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def served(settings: Settings, analyzer: Analyzer) -> Iterator[str]:
    """Serve on a free port of loopback, in a thread; yield the page's address."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings, analyzer)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


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


@contextmanager
def opened(chromium: Any, url: str, screen: str, **options: Any) -> Iterator[Viewer]:
    """Open the page, and at the end see that it broke nothing and told nobody else anything."""
    context = chromium.new_context(**SCREENS[screen], **options)
    viewer = Viewer(context.new_page(), Screen(screen), url)
    try:
        viewer.page.goto(url)
        yield viewer
        assert viewer.errors == []
        assert {host for host in viewer.hosts if host not in url} == set()
    finally:
        context.close()


@pytest.fixture(params=SCREENS)
def open_viewer(
    request: pytest.FixtureRequest, chromium: Any, shipped_page: str
) -> Iterator[OpenViewer]:
    """Opens a page of its own, with files; at both sizes."""
    from contextlib import ExitStack

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
