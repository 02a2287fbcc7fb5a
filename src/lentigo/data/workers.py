"""Who works through a dataset: processes where there is enough for several, else threads."""

import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import joblib
from joblib.externals.loky import ProcessPoolExecutor

IMAGES_A_PROCESS: Final = 256
"""A process takes about a second to start: as much as it saves on this many images."""

_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)  # a process a core: with threads of their own beside, matrix products wait for one another


@contextmanager
def workers(images: int, processes: bool = True) -> Iterator[Executor]:
    """Yield what runs functions beside each other; an error or Ctrl-C stops all work at once.

    Decoding leaves Python's lock, but what is around it does not: threads keep a few cores busy,
    processes all. These are joblib's, which start alike on every system, fork no running thread
    and do not run the caller's script again.

    Args:
        images: How much there is to do.
        processes: Whether the work may be sent to another process; False takes threads.
    """
    count = min(joblib.cpu_count(), images // IMAGES_A_PROCESS)
    if not processes or count < 2:
        threads = ThreadPoolExecutor()
        try:
            yield threads
        finally:
            threads.shutdown(cancel_futures=True)
        return
    pool = ProcessPoolExecutor(count, initializer=_leave_interrupts, env=_ONE_THREAD)
    try:
        yield pool
    except BaseException:
        pool.shutdown(kill_workers=True)
        raise
    pool.shutdown()


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that started this one, which then ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
