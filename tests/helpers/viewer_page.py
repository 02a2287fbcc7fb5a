"""What tests do on the page, in a person's terms."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import uvicorn

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.app import create_app
from lentigo.serving.settings import Settings

WAIT_MS = 60_000
"""A busy machine may take this long for a finding."""

SCREENS = {
    "desktop": {"viewport": {"width": 1360, "height": 850}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}

_SETTLED = """count => {
  const rows = [...document.querySelectorAll("#list > li")];
  const done = ["malignant", "benign", "refused", "failed"];
  return rows.length === count && rows.every((row) => done.includes(row.className))
    && document.getElementById("busy").hidden;
}"""


class Screen(Enum):
    DESKTOP = "desktop"
    PHONE = "phone"


class Viewer:
    """One open page.

    Attributes:
        page: Playwright's.
        errors: What the console and the scripts complained of.
        hosts: Which hosts were asked.
        sent: The bodies that were posted.
    """

    def __init__(self, page: Any, screen: Screen, url: str) -> None:
        self.page, self.screen, self.url = page, screen, url
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.sent: list[bytes] = []
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asked)

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, request: Any) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob"):
            self.hosts.add(urlsplit(request.url).netloc)
        if request.method == "POST":
            self.sent.append(request.post_data_buffer or b"")

    def add(self, *files: Path) -> None:
        if files:
            self.page.set_input_files("#files", [str(file) for file in files])
            self.settle(len(files))

    def settle(self, count: int) -> None:
        """Wait until so many images have a finding or a fault."""
        self.page.wait_for_function(_SETTLED, arg=count)

    def choose(self, name: str) -> None:
        self.page.locator("#list .row", has_text=name).click()
        self.painted()

    def text(self, selector: str) -> str:
        return " ".join(self.page.locator(selector).inner_text().split())

    @property
    def names(self) -> list[str]:
        return self.page.locator("#list .name").all_inner_texts()

    def shown(self) -> None:
        """Wait until the picture is there."""
        label = "() => document.getElementById('canvas').getAttribute('aria-label') !== 'No image'"
        self.page.wait_for_function(label)
        self.painted()

    def painted(self) -> None:
        """Wait until the browser has drawn what was asked for."""
        self.page.wait_for_timeout(120)
        self.page.evaluate("() => new Promise(requestAnimationFrame)")

    def picture(self, canvas: str = "canvas") -> str:
        """Return all pixels of a canvas, as a data URL."""
        self.painted()
        return self.page.evaluate("id => document.getElementById(id).toDataURL()", canvas)

    def slide(self, slider: str, value: int) -> None:
        self.page.locator(f"#{slider}").fill(str(value))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where in the window a share of the picture's width and height is."""
        self.page.locator("#stage").scroll_into_view_if_needed()
        box = self.page.locator("#stage").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a line, with the mouse or a finger."""
        (x, y), (to_x, to_y) = self.at(*start), self.at(*end)
        if self.screen is Screen.PHONE:
            steps = [(x + share * (to_x - x), y + share * (to_y - y)) for share in (0, 0.3, 0.7, 1)]
            self.touch(*[[step] for step in steps])
            return
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(to_x, to_y, steps=6)
        self.page.mouse.up()

    def touch(self, *moments: list[tuple[float, float]]) -> None:
        """Put fingers down at the first moment, move them through the others, lift them."""
        client = self.page.context.new_cdp_session(self.page)
        for number, fingers in enumerate([*moments, []]):
            kind = "touchMove" if number else "touchStart"
            client.send(
                "Input.dispatchTouchEvent",
                {
                    "type": kind if fingers else "touchEnd",
                    "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(fingers)],
                },
            )
        client.detach()


OpenViewer: TypeAlias = Callable[..., Viewer]


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
