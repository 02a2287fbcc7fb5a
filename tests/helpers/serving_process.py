"""A real server in a process of its own, on loopback."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

START_S = 60


@dataclass
class Server:
    """A running server.

    Attributes:
        process: Its supervisor.
        lines: What it has logged.
    """

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        (port,) = self.found(r"serving on http://127\.0\.0\.1:(\d+)")
        return f"http://127.0.0.1:{port}"

    @property
    def workers(self) -> list[int]:
        """Every worker that ever started, the oldest first."""
        return [int(pid) for pid in self.found(r"Started server process \[(\d+)\]")]

    def found(self, pattern: str) -> list[str]:
        return re.findall(pattern, "\n".join(self.lines))

    def wait_for(self, pattern: str, times: int = 1) -> None:
        """Wait until the log holds a pattern so many times."""
        end = time.monotonic() + START_S
        while len(self.found(pattern)) < times:
            assert self.process.poll() is None, "\n".join(self.lines)
            assert time.monotonic() < end, "\n".join(self.lines)
            time.sleep(0.02)

    def send(self, sign: signal.Signals) -> None:
        self.process.send_signal(sign)


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """Start ``lentigo serve`` on a free port and stop it at the end, whatever happens."""
    command = [sys.executable, "-c", "from lentigo.cli import main; main()", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    server = Server(process)
    reader = threading.Thread(target=lambda: server.lines.extend(map(str.rstrip, process.stderr)))
    reader.start()
    try:
        server.wait_for("Application startup complete")
        yield server
    finally:
        if process.poll() is None:
            process.kill()  # its workers end with it
            process.wait()
        reader.join(10)


def ask(server: Server, path: str, **options: object) -> httpx.Response:
    """Send one request."""
    method = "POST" if "files" in options or "content" in options else "GET"
    return httpx.request(method, server.url + path, timeout=60, **options)
