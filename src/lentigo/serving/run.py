"""From settings to running workers, which are replaced when they die."""

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from lentigo.bundle import load_bundle, open_bundle
from lentigo.errors import BundleError, LentigoError
from lentigo.runtime.engines import ENGINES
from lentigo.serving.protocol import BoundedProtocol
from lentigo.serving.service import Service
from lentigo.serving.settings import FOLDER_VARIABLE, Settings, check_exposure
from lentigo.serving.store import Store
from lentigo.serving.tokens import load_tokens

log = logging.getLogger("lentigo.serving")

CONNECTIONS: Final = 500
"""Of one worker; beyond it uvicorn answers 503 by itself."""

STUCK_S: Final = 60.0
"""A worker whose models have not answered for this long beyond the deadline is replaced."""

_START_S = 30
"""How long a worker may take to come up, or to answer its supervisor."""

_HEAD_BYTES = 16_384

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "lentigo.serving.run.UtcFormatter",
            "format": "%(asctime)sZ %(levelname)s %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "lentigo.serving": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}


class UtcFormatter(logging.Formatter):
    """Times in UTC."""

    converter = staticmethod(time.gmtime)


@dataclass(frozen=True)
class Pinned:
    """Settings, and the SHA-256 of the two bundles that the server was started with."""

    settings: Settings
    segmenter_sha256: str
    classifier_sha256: str


class Supervisor(Multiprocess):
    """Uvicorn's supervisor, which sees at once that a worker was killed while it was asked.

    It asks through a pipe whose far end it holds open itself, so that a dead worker looks like one
    that takes its time; until the time is up it would replace none and hear no signal.
    """

    def keep_subprocess_alive(self) -> None:
        """Replace the workers that died or do not answer."""
        for process in self.processes:
            process.child_conn.close()  # the worker has its own
        super().keep_subprocess_alive()


def serve(settings: Settings, port: int, workers: int) -> None:
    """Serve until told to stop; SIGHUP replaces the workers one by one.

    Args:
        settings: What each worker looks with, and its limits.
        port: 0 takes a free one.
        workers: Processes.

    Raises:
        LentigoError: The server would be open to strangers, or something that it needs is wrong.
    """
    check_exposure(settings.host, settings.token_file)
    pinned = _checked(settings)
    listener = _listener(settings.host, port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    with _shared_numbers():
        config = uvicorn.Config(
            partial(worker, pinned),
            factory=True,
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            workers=workers,
            access_log=False,
            log_config=_LOGGING,
            server_header=False,
            proxy_headers=False,  # anyone could name himself another
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=_HEAD_BYTES,
            timeout_graceful_shutdown=int(settings.upload_s + settings.deadline_s) + 5,
            timeout_worker_healthcheck=_START_S,
        )
        log.info("serving on http://%s:%d", host, listener.getsockname()[1])
        supervisor = Supervisor(config, [listener])
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise LentigoError("a worker could not start, so that the server stopped; see above")


def worker(pinned: Pinned) -> FastAPI:
    """Return the application in a worker process; end the process where it cannot be made."""
    from lentigo.serving.app import create_app  # noqa: PLC0415 (the supervisor needs no models)
    from lentigo.serving.metrics import forget_dead_workers  # noqa: PLC0415

    forget_dead_workers()
    try:
        app = create_app(pinned.settings)
        service: Service = app.state.service
        _check_pinned(pinned, service)
    except LentigoError as error:
        log.error("%s", error)
        sys.exit(STARTUP_FAILURE)
    limit_s = pinned.settings.deadline_s + STUCK_S
    threading.Thread(target=_end_if_stuck, args=(service, limit_s), daemon=True).start()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return app


def _checked(settings: Settings) -> Pinned:
    """Try what every worker will need, so that a fault is told once and in one line."""
    _ = ENGINES[settings.engine]
    segmenter = open_bundle(settings.segmenter, "segmentation")
    classifier = open_bundle(settings.classifier, "classification")
    classifier.spec.operating_point(settings.operating_point)
    if settings.token_file is not None:
        load_tokens(settings.token_file)
    if settings.store is not None:
        Store(settings.store, places=1).close(timeout_s=1)
    return Pinned(settings, segmenter.sha256, classifier.sha256)


def _check_pinned(pinned: Pinned, service: Service) -> None:
    """Refuse bundles other than those that the server was started with.

    Raises:
        BundleError: One was exchanged since; also while it was being loaded.
    """
    analyzer = service.analyzer
    for part, expected in (
        (analyzer.segmenter, pinned.segmenter_sha256),
        (analyzer.classifier, pinned.classifier_sha256),
    ):
        if load_bundle(part.bundle.path).sha256 != expected or part.bundle.sha256 != expected:
            raise BundleError(
                f"{part.bundle.path}: was exchanged since the server was started; start it again "
                "to serve the new one"
            )


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise LentigoError(
            f"--host {host} --port {port}: cannot be listened on ({reason}); choose another"
        ) from error
    listener.set_inheritable(True)
    return listener


@contextmanager
def _shared_numbers() -> Iterator[None]:
    """Give the workers a folder for their numbers, in memory where the system has such."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="lentigo-metrics-", dir=parent)
    os.environ[FOLDER_VARIABLE] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER_VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def _end_if_stuck(service: Service, limit_s: float) -> None:
    """End the process, to be replaced, when the models never come back: nothing else would."""
    while service.desk.busy_s < limit_s:
        time.sleep(1)
    log.critical("the models gave no answer for %.0f s; this worker ends", limit_s)
    os._exit(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        shutil.rmtree(os.environ[FOLDER_VARIABLE], ignore_errors=True)  # it cannot any more
        os.kill(os.getpid(), signal.SIGTERM)
