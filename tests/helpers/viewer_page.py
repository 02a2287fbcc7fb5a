"""What tests do on the page, in a person's terms."""

from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WAIT_MS = 60_000
"""A busy machine may take this long for a finding."""

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
