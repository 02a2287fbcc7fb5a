"""A bounded queue before one thread that takes what waits together, a few at a time."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

Work: TypeAlias = Callable[[Sequence[Q]], Iterable[tuple[int, A | Exception]]]
"""Yields each question's place in the batch and its answer or fault, as soon as it is there."""

BATCH = 4
"""Questions taken together. More would gain little and keep the first of them waiting."""

_FIRST_GUESS_S = 0.5


class DeskFullError(Exception):
    """As many wait as may."""


class DeskClosedError(Exception):
    """No more is taken."""


class TooLateError(Exception):
    """The deadline passed before the work began."""


@dataclass(eq=False)
class _Job(Generic[Q, A]):
    question: Q
    deadline: float
    answer: "Future[A]" = field(default_factory=Future)


class Desk(Generic[Q, A]):
    """Takes questions up to a number, and answers them in order; may be used from any thread.

    Args:
        work: Answers a batch.
        places: Questions that may wait; those at work do not count.
        on_batch: Is told the size of each batch.
        on_waiting: Is told how many wait when that changes.
    """

    def __init__(
        self,
        work: "Work[Q, A]",
        places: int,
        *,
        on_batch: Callable[[int], None] = lambda _: None,
        on_waiting: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._work = work
        self._places = places
        self._on_batch = on_batch
        self._on_waiting = on_waiting
        self._waiting: deque[_Job[Q, A]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._busy_since: float | None = None
        self._each_s = _FIRST_GUESS_S
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether the next one would be refused."""
        return len(self._waiting) >= self._places

    @property
    def retry_after_s(self) -> float:
        """When to come again: about when those that wait are done, 1–60 s."""
        return min(60.0, max(1.0, math.ceil(self._each_s * len(self._waiting))))

    @property
    def busy_s(self) -> float:
        """For how long it has worked without a single answer; 0 while it rests."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def submit(self, question: Q, deadline: float) -> "Future[A]":
        """Queue a question.

        Args:
            question: What to answer.
            deadline: Of ``time.monotonic``; work on it does not begin later.

        Returns:
            Its answer, its fault, or ``TooLateError``.

        Raises:
            DeskFullError: As many wait as may.
            DeskClosedError: No more is taken.
        """
        job: _Job[Q, A] = _Job(question, deadline)
        with self._changed:
            if self._closed:
                raise DeskClosedError
            if self.full:
                raise DeskFullError
            self._waiting.append(job)
            self._on_waiting(len(self._waiting))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
                self._thread.start()
            self._changed.notify()
        return job.answer

    def withdraw(self, answer: "Future[A]") -> None:
        """Give a place free whose answer nobody waits for any more; work under way goes on."""
        with self._changed:
            for job in self._waiting:
                if job.answer is answer:
                    self._waiting.remove(job)
                    self._on_waiting(len(self._waiting))
                    break
        answer.cancel()

    def close(self, timeout_s: float) -> bool:
        """Take no more; wait for what was taken, up to ``timeout_s``; tell whether all is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while jobs := self._next():
            self._on_batch(len(jobs))
            began = self._busy_since = time.monotonic()
            for job, answer in self._answers(jobs):
                self._busy_since = time.monotonic()
                if isinstance(answer, Exception):
                    job.answer.set_exception(answer)
                else:
                    job.answer.set_result(answer)
            self._busy_since = None
            each_s = (time.monotonic() - began) / len(jobs)
            self._each_s += 0.2 * (each_s - self._each_s)

    def _next(self) -> list[_Job[Q, A]]:
        """Wait for work; return none when closed and all is done."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return []
                taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._on_waiting(len(self._waiting))
            jobs = [job for job in taken if job.answer.set_running_or_notify_cancel()]
            late = [job for job in jobs if time.monotonic() > job.deadline]
            for job in late:
                job.answer.set_exception(TooLateError())
            if left := [job for job in jobs if job not in late]:
                return left

    def _answers(self, jobs: list[_Job[Q, A]]) -> Iterator[tuple[_Job[Q, A], A | Exception]]:
        """Yield every job once, whatever the work does."""
        left = dict(enumerate(jobs))
        fault: Exception = RuntimeError("the work gave no answer")
        try:
            for at, answer in self._work([job.question for job in jobs]):
                yield left.pop(at), answer
        except Exception as error:  # one batch's fault must not end the thread
            fault = error
        for job in left.values():
            yield job, fault
