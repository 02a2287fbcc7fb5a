"""What is counted, for Prometheus; summed over all workers where they share a folder."""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from lentigo.serving.settings import FOLDER_VARIABLE

MEDIA_TYPE = CONTENT_TYPE_LATEST

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The numbers of one worker.

    Attributes:
        queue_length: Images that wait.
        batch_size: Images that went through the models together.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "lentigo_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "lentigo_request_seconds",
            "From a request's head to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._refusals = Counter(
            "lentigo_refusals",
            "Requests without a finding, by the problem's code.",
            ("reason",),
            registry=self._registry,
        )
        self._decisions = Counter(
            "lentigo_decisions", "Findings, by decision.", ("decision",), registry=self._registry
        )
        self.queue_length = Gauge(
            "lentigo_queue_length",
            "Images that wait.",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self.batch_size = Histogram(
            "lentigo_batch_size",
            "Images that went through the models together.",
            buckets=(1, 2, 3, 4),
            registry=self._registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered; ``route`` is a template, never a caller's path."""
        method = method if method in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_refusal(self, code: str) -> None:
        """Count a problem."""
        self._refusals.labels(code).inc()

    def count_decision(self, decision: str) -> None:
        """Count a finding."""
        self._decisions.labels(decision).inc()

    def render(self) -> bytes:
        """Return all numbers in Prometheus's text format."""
        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def forget_dead_workers() -> None:
    """Remove what workers that were killed have left in gauges; counters keep their share."""
    for path in Path(os.environ[FOLDER_VARIABLE]).glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        try:
            os.kill(int(pid), 0)  # sends nothing; asks whether it is there
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except PermissionError:
            continue  # another user's: it lives
