"""Asks a server for more than it can give, then for half of it, and measures what it does.

Arrivals are open-loop at an even rate: a request starts when it is due, whether or not earlier ones
were answered, and its seconds count from then. Client and server share the machine.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
_SIZE_PX = (768, 1024)
_AFTER = 20


@dataclass
class Told:
    """What was answered, with the seconds of each by outcome."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def note(self, outcome: str, seconds: float) -> None:
        """Take one answer."""
        self.seconds.setdefault(outcome, []).append(seconds)

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
    photos = [saved(Image.fromarray(_photo(seed)), "JPEG", quality=90) for seed in range(8)]
    with running(*_OPTIONS) as server:
        asyncio.run(_in_turn(server, photos, seconds=10.0))  # warms everything up
        capacity = asyncio.run(_in_turn(server, photos, seconds=max(15.0, 6 * minutes)))
        with memory_of(server) as samples:
            twice = asyncio.run(_at_rate(server, photos, 2 * capacity, 60 * minutes))
        after = Counter(_once(server, photos[at % 8]) for at in range(_AFTER))
        half = asyncio.run(_at_rate(server, photos, capacity / 2, 30 * minutes))
        restarts, tracebacks = len(server.workers) - 1, len(server.found("Traceback"))
    calm = half.summary("finding")
    return {
        "photo": {"size_px": list(_SIZE_PX), "bytes": int(np.mean([len(p) for p in photos]))},
        "deadline_s": DEADLINE_S,
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


def _photo(seed: int) -> np.ndarray:
    return draw_lesion(seed, _SIZE_PX, fitzpatrick=1 + seed % 6, hair=seed % 2 == 0).image


async def _in_turn(server: Server, photos: list[bytes], seconds: float) -> float:
    """Return how many findings a second some callers get who each ask again when answered."""
    ends, told = time.monotonic() + seconds, Told()
    async with _client(server) as client:

        async def caller(number: int) -> None:
            while time.monotonic() < ends:
                await _ask(client, photos[number % len(photos)], time.monotonic(), told)

        began = time.monotonic()
        await asyncio.gather(*(caller(number) for number in range(_CALLERS)))
        return len(told.seconds["finding"]) / (time.monotonic() - began)


async def _at_rate(server: Server, photos: list[bytes], per_s: float, seconds: float) -> Told:
    """Ask at an even rate, whatever is answered."""
    told, began = Told(), time.monotonic()
    async with _client(server) as client, asyncio.TaskGroup() as tasks:
        for number in range(max(1, round(per_s * seconds))):
            due = began + number / per_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.create_task(_ask(client, photos[number % len(photos)], due, told))
    return told


async def _ask(client: httpx.AsyncClient, photo: bytes, due: float, told: Told) -> None:
    try:
        outcome = outcome_of(await client.post("/v1/analyze", files={"image": photo}))
    except httpx.TransportError as error:
        outcome = type(error).__name__
    told.note(outcome, time.monotonic() - due)


def _client(server: Server) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(base_url=server.url, timeout=4 * DEADLINE_S, limits=limits)


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
