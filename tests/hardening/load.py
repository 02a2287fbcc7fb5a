"""Asks a server for more than it can give, then for half of it, and measures what it does.

locust asks (``asking.py``). Arrivals are open-loop at an even rate: a request starts when it is
due, whether or not earlier ones were answered. Client and server share the machine.
"""

import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from bad_input import outcome_of
from corpus.seeds import saved
from PIL import Image
from serving_process import Server, running

from lentigo.synthetic import draw_lesion

DEADLINE_S = 30.0
_OPTIONS = ("--rate", "1000000", "--deadline", f"{DEADLINE_S:g}")
_CALLERS = 8
"""Who ask in turn when it is measured what the server can serve; more than it takes together."""
_PERIOD_S = 10.0
_SIZE_PX = (768, 1024)
_AFTER = 20


@dataclass(frozen=True)
class Told:
    """What was answered: the seconds of each answer by outcome."""

    seconds: dict[str, list[float]]

    def outcomes(self) -> dict[str, int]:
        """Return how often each came."""
        return {name: len(seconds) for name, seconds in sorted(self.seconds.items())}

    def summary(self, outcome: str) -> dict[str, float]:
        """Return an outcome's median, 99th percentile and largest seconds."""
        seconds = self.seconds.get(outcome, [])
        if not seconds:
            return {}
        median, high = np.quantile(seconds, (0.5, 0.99))
        return {"median_s": float(median), "p99_s": float(high), "largest_s": max(seconds)}


def prove(minutes: float) -> dict[str, Any]:
    """Measure capacity, twice the load for so many minutes, a calm after it, and half the load."""
    with tempfile.TemporaryDirectory() as folder, running(*_OPTIONS) as server:
        photos = _photos(Path(folder))
        _ask(server, photos, 10.0, users=_CALLERS)  # warms everything up
        measured_s = max(15.0, 6 * minutes)
        answers = _ask(server, photos, measured_s, users=_CALLERS)
        capacity = answers.outcomes()["finding"] / measured_s
        with memory_of(server) as samples:
            twice = _at_rate(server, photos, 2 * capacity, 60 * minutes)
        photo_bytes = [path.read_bytes() for path in photos.iterdir()]
        after = Counter(_once(server, photo_bytes[at % len(photo_bytes)]) for at in range(_AFTER))
        half = _at_rate(server, photos, capacity / 2, 30 * minutes)
        restarts, tracebacks = len(server.workers) - 1, len(server.found("Traceback"))
    calm = half.summary("finding")
    return {
        "photo": {"size_px": list(_SIZE_PX), "bytes": int(np.mean([len(p) for p in photo_bytes]))},
        "deadline_s": DEADLINE_S,
        "client": f"locust {version('locust')}",
        "capacity_per_s": capacity,
        "twice": {
            "minutes": minutes,
            "offered_per_s": 2 * capacity,
            "outcomes": twice.outcomes(),
            "accepted": twice.summary("finding"),
            "refused": twice.summary("503 queue-full"),
            "memory": _trend(samples),
        },
        "after": dict(after),
        "half": {
            "minutes": minutes / 2,
            "offered_per_s": capacity / 2,
            "outcomes": half.outcomes(),
            **calm,
            "p99_over_median": calm["p99_s"] / calm["median_s"],
        },
        "worker_restarts": restarts,
        "tracebacks_logged": tracebacks,
    }


def _photos(folder: Path) -> Path:
    for seed in range(8):
        drawn = draw_lesion(seed, _SIZE_PX, fitzpatrick=1 + seed % 6, hair=seed % 2 == 0)
        photo = saved(Image.fromarray(drawn.image), "JPEG", quality=90)
        (folder / f"{seed}.jpg").write_bytes(photo)
    return folder


def _at_rate(server: Server, photos: Path, per_s: float, seconds: float) -> Told:
    """Ask at an even rate, whatever is answered.

    A user asks once a period, longer than any answer takes, so that the next is never late.
    """
    return _ask(server, photos, seconds, users=math.ceil(_PERIOD_S * per_s), rate=per_s)


def _ask(server: Server, photos: Path, seconds: float, users: int, rate: float = 0.0) -> Told:
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("asking.py"))),
                *("--headless", "--only-summary", "--host", server.url, "--stop-timeout", "60"),
                *("--users", str(users), "--spawn-rate", str(users)),
                *("--run-time", f"{seconds:.0f}s", "--photos", str(photos)),
                *("--rate", str(rate), "--answers", str(answers)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return Told(json.loads(answers.read_text()))


def _once(server: Server, photo: bytes) -> str:
    told = httpx.post(f"{server.url}/v1/analyze", files={"image": photo}, timeout=4 * DEADLINE_S)
    return outcome_of(told)


@contextmanager
def memory_of(server: Server) -> Iterator[list[tuple[float, float]]]:
    """Sample the worker's resident memory, each second: pairs of seconds and megabytes."""
    worker, ended = psutil.Process(server.workers[-1]), threading.Event()
    samples: list[tuple[float, float]] = []

    def sample() -> None:
        while not ended.wait(1.0):
            samples.append((time.monotonic(), worker.memory_info().rss / 1e6))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _trend(samples: list[tuple[float, float]]) -> dict[str, float]:
    """Return how memory went, the first tenth, in which the queue fills, left out."""
    seconds, megabytes = np.array(samples[len(samples) // 10 :]).T
    slope = np.polyfit(seconds, megabytes, 1)[0]
    return {
        "first_mb": float(megabytes[0]),
        "last_mb": float(megabytes[-1]),
        "largest_mb": float(megabytes.max()),
        "slope_mb_per_minute": float(60 * slope),
    }
