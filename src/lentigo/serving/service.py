"""What the routes work with: models, queue, store, numbers."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from lentigo.bundle import Bundle, load_bundle
from lentigo.errors import BundleError
from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.desk import Desk, DeskClosedError, DeskFullError, TooLateError
from lentigo.serving.metrics import Metrics
from lentigo.serving.problems import Problem, busy
from lentigo.serving.settings import Settings
from lentigo.serving.store import Row, Store, StoreError
from lentigo.serving.upload import Memory
from lentigo.serving.work import Answer, Question, answer_all

log = logging.getLogger("lentigo.serving")

STORE_RETRY_S = 5.0
_PROBE_S = 3.0


class Service:
    """One worker's models, queue, store and numbers.

    Args:
        settings: Its limits.
        analyzer: What looks at images.
        metrics: What is counted.

    Raises:
        StoreError: The store cannot be opened.
    """

    def __init__(self, settings: Settings, analyzer: Analyzer, metrics: Metrics) -> None:
        self.settings = settings
        self.analyzer = analyzer
        self.metrics = metrics
        self.memory = Memory(settings.queue_length * settings.body_limit)
        self.desk: Desk[Question, Answer] = Desk(
            lambda questions: answer_all(analyzer, questions),
            settings.queue_length,
            on_batch=metrics.batch_size.observe,
            on_waiting=metrics.queue_length.set,
        )
        self.store = Store(settings.store, settings.queue_length) if settings.store else None
        self._probe: Future[None] | None = None
        self._seals = [Seal(part.bundle) for part in (analyzer.segmenter, analyzer.classifier)]

    def check_room(self) -> None:
        """Refuse at once what could not wait, before its body is read.

        Raises:
            Problem: 503, the queue is full.
        """
        if self.desk.full:
            raise self._full()

    def submit(self, question: Question, deadline: float) -> "Future[Answer]":
        """Queue a question.

        Raises:
            Problem: 503, the queue is full or the server stops.
        """
        try:
            return self.desk.submit(question, deadline)
        except DeskFullError as error:
            raise self._full() from error
        except DeskClosedError as error:
            raise busy("stopping", "the server stops; come again", 1) from error

    def _full(self) -> Problem:
        detail = f"{self.settings.queue_length} images wait already; come again"
        return busy("queue-full", detail, self.desk.retry_after_s)

    async def record(self, row: Row, deadline: float) -> None:
        """Store a finding's row, where there is a store, before the finding is told.

        Raises:
            Problem: 503 or 504, it is not stored for certain.
        """
        if self.store is None:
            return
        try:
            stored = asyncio.wrap_future(self.store.add(row, deadline))
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                await stored
        except StoreError as error:
            log.error("request=%s not stored: %s", row.request, error)
            detail = f"{error}; without its row the finding is not told"
            raise busy("not-stored", detail, STORE_RETRY_S) from error
        except (TimeoutError, TooLateError) as error:
            raise too_late(self.settings.deadline_s) from error

    async def faults(self) -> list[str]:
        """Return why this worker should get no requests; none is good."""
        told = [await asyncio.to_thread(seal.fault) for seal in self._seals]
        faults = [fault for fault in told if fault]
        if self.store is not None and (fault := await self._store_fault(self.store)):
            faults.append(fault)
        return faults

    async def _store_fault(self, store: Store) -> str | None:
        """Try the store; those who ask meanwhile share the try, so that none can crowd it."""
        try:
            if self._probe is None or self._probe.done():
                self._probe = store.add(None, time.monotonic() + _PROBE_S)
            async with asyncio.timeout(_PROBE_S):
                await asyncio.shield(asyncio.wrap_future(self._probe))
        except StoreError as error:
            return str(error)
        except (TimeoutError, TooLateError):
            return "the audit store does not answer"
        return None

    def close(self) -> None:
        """Finish what was taken."""
        self.desk.close(self.settings.deadline_s)
        if self.store is not None:
            self.store.close(self.settings.deadline_s)


def too_late(deadline_s: float) -> Problem:
    """Return the 504 of a finding that took too long."""
    return Problem(504, "deadline", f"there was no finding within {deadline_s:g} s; come again")


class Seal:
    """Tells whether a bundle on disk is still the one in memory.

    Args:
        bundle: As it was loaded.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._seen = _signs(bundle)
        self._fault: str | None = None

    def fault(self) -> str | None:
        """Return what is wrong in words; files are hashed again only when one looks changed."""
        signs = _signs(self._bundle)
        if signs != self._seen:
            self._fault = self._compare()
            self._seen = signs
        return self._fault

    def _compare(self) -> str | None:
        name = self._bundle.spec.name
        try:
            now = load_bundle(self._bundle.path)
        except BundleError:
            return f"bundle '{name}' was changed or removed on disk; put it back, or start again"
        if now.sha256 != self._bundle.sha256:
            return f"bundle '{name}' on disk is another than is served; start again to serve it"
        return None


def _signs(bundle: Bundle) -> Sequence[tuple[int, int, int] | None]:
    return [_sign(bundle.path / name) for name in ("bundle.json", *bundle.spec.files)]


def _sign(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
