"""Sends every hostile file to a real server and measures what comes of it."""

import hashlib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
from corpus import Hostile, hostile_files
from serving_process import Server, running

DEADLINE_S = 30.0
_SAMPLE_S = 0.01
_OPTIONS = ("--rate", "1000000", "--deadline", f"{DEADLINE_S:g}")
_FINDING = "finding"


@dataclass
class Line:
    """What came of one family of files."""

    files: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest: str = ""
    peak_over_baseline_mb: float = 0.0
    largest: str = ""


class Watch:
    """Samples a process's memory from a thread.

    Args:
        pid: Which process.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.peak_mb = 0.0
        self._thread.start()

    def now_mb(self) -> float:
        """Return the resident memory now; 0 when the process is gone."""
        try:
            return float(self._process.memory_info().rss / 1e6)
        except psutil.NoSuchProcess:
            return 0.0

    def end(self) -> None:
        """Stop sampling."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            self.peak_mb = max(self.peak_mb, self.now_mb())


@contextmanager
def watched(pid: int) -> Iterator[Watch]:
    """Sample a process's memory within a block."""
    watch = Watch(pid)
    try:
        yield watch
    finally:
        watch.end()


def prove() -> dict[str, Any]:
    """Send the corpus, one file at a time; return what came of it."""
    lines: dict[str, Line] = defaultdict(Line)
    broken: list[dict[str, Any]] = []
    digest = hashlib.sha256()
    with running(*_OPTIONS) as server, httpx.Client(timeout=4 * DEADLINE_S) as client:
        _send(client, server, next(hostile_files()))  # the models' first run takes longest
        with watched(server.workers[-1]) as watch:
            baseline_mb = watch.now_mb()
            for file in hostile_files():
                digest.update(file.content)
                watch.peak_mb = 0.0
                outcome, seconds = _send(client, server, file)
                _note(lines[file.family], file, outcome, seconds, watch.peak_mb - baseline_mb)
                if not _sound(outcome) or seconds > DEADLINE_S:
                    broken.append({"file": file.name, "outcome": outcome, "seconds": seconds})
            after_mb = watch.now_mb()
        restarts = len(server.workers) - 1
        tracebacks = len(server.found("Traceback"))
    outcomes = sum((line.outcomes for line in lines.values()), Counter[str]())
    return {
        "files": sum(line.files for line in lines.values()),
        "corpus_sha256": digest.hexdigest(),
        "deadline_s": DEADLINE_S,
        "outcomes": dict(sorted(outcomes.items())),
        "broken_promises": broken,
        "worker_restarts": restarts,
        "tracebacks_logged": tracebacks,
        "slowest_s": max(line.slowest_s for line in lines.values()),
        "baseline_mb": baseline_mb,
        "peak_over_baseline_mb": max(line.peak_over_baseline_mb for line in lines.values()),
        "after_over_baseline_mb": after_mb - baseline_mb,
        "families": {name: vars(line) for name, line in sorted(lines.items())},
    }


def _note(line: Line, file: Hostile, outcome: str, seconds: float, over_mb: float) -> None:
    line.files += 1
    line.outcomes[outcome] += 1
    if seconds > line.slowest_s:
        line.slowest_s, line.slowest = seconds, file.name
    if over_mb > line.peak_over_baseline_mb:
        line.peak_over_baseline_mb, line.largest = over_mb, file.name


def _sound(outcome: str) -> bool:
    """Tell whether it is a finding, or a 4xx with the reason's name."""
    return outcome == _FINDING or (outcome.startswith("4") and " " in outcome)


def _send(client: httpx.Client, server: Server, file: Hostile) -> tuple[str, float]:
    """Send a file as it is or, every other one, in a form; return what came and the seconds."""
    url = f"{server.url}/v1/analyze"
    began = time.monotonic()
    try:
        if hashlib.sha256(file.name.encode()).digest()[0] % 2:
            part = (file.name, file.content, file.content_type or "application/octet-stream")
            told = client.post(url, files={"image": part})
        else:
            headers = {"content-type": file.content_type} if file.content_type else {}
            told = client.post(url, content=file.content, headers=headers)
        outcome = outcome_of(told)
    except httpx.TransportError as error:
        outcome = type(error).__name__
    return outcome, time.monotonic() - began


def outcome_of(told: httpx.Response) -> str:
    """Return ``finding``, or the status and the problem's code; the status alone without one."""
    content = told.json() if "json" in told.headers.get("content-type", "") else {}
    if told.status_code == 200 and "decision" in content:
        return _FINDING
    return f"{told.status_code} {content.get('code', '')}".strip()
