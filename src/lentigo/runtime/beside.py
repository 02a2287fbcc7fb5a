"""Work that can be done beside other work: in other threads, while there is one call alone."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Done = TypeVar("Done")


class AtOnce(Executor):
    """Does what it is given before it returns, in the same thread."""

    def submit(
        self, do: Callable[Given, Done], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Done]:
        """Do it; its future holds the result, or what it raised."""
        future: Future[Done] = Future()
        try:
            future.set_result(do(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Beside:
    """Gives a call threads beside its own while it is alone; where several run, they are enough."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(thread_name_prefix="beside-an-analysis")
        self._calls = 0
        self._lock = threading.Lock()

    @contextmanager
    def call(self) -> Iterator[Executor]:
        """Yield what a call gives its work to."""
        with self._lock:
            self._calls += 1
            alone = self._calls == 1
        try:
            yield self._threads if alone else AtOnce()
        finally:
            with self._lock:
                self._calls -= 1
