"""The listener's folder: what was acknowledged and is not yet forwarded survives a crash in it."""

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from pydicom import Dataset

from lentigo.dicom.write import write_object
from lentigo.errors import LentigoError

_IN: Final = "in"
_OUT: Final = "out"
_FAILED: Final = "failed"
_PART: Final = ".part"


class SpoolFullError(Exception):
    """There is no room for one more image."""


class Spool:
    """Images that wait for analysis and results that wait to be sent, as files.

    ``in/ID.dcm`` is an image that was acknowledged; ``out/ID/`` its results, which take its place
    at once and whole; ``failed/ID.dcm`` or ``failed/ID/`` what went wrong for good. Each is gone
    when it is done, but for what failed: that waits for a person.

    A context manager: while it is open no other process can use the folder.

    Args:
        folder: Where; made where missing, readable by its owner alone.
        capacity: How many images may wait in all, at least 1.

    Raises:
        LentigoError: The folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self.folder = folder
        self.capacity = capacity
        self._lock: IO[str] | None = None

    def __enter__(self) -> "Spool":
        try:
            for name in (_IN, _OUT, _FAILED):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._lock = (self.folder / "lock").open("w", encoding="utf-8")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LentigoError(f"--spool {self.folder}: another listener uses it") from error
        except OSError as error:
            fault = f"cannot be used ({error.strerror})"
            raise LentigoError(f"--spool {self.folder}: {fault}") from error
        self._tidy()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.close()

    def waiting(self) -> int:
        """Return how many images wait: to be acknowledged, analysed, or sent."""
        return sum(1 for name in (_IN, _OUT) for _ in (self.folder / name).iterdir())

    def images(self) -> list[Path]:
        """Return the images to analyse, the oldest first."""
        return sorted((self.folder / _IN).glob("*.dcm"))

    def results(self) -> list[Path]:
        """Return the folders of results to send, the oldest first."""
        return sorted(path for path in (self.folder / _OUT).iterdir() if path.suffix != _PART)

    def offer(self, content: bytes) -> Path:
        """Write an image that is not yet acknowledged and return its file.

        ``keep`` it or ``drop`` it.

        Raises:
            SpoolFullError: As many images wait as may, or the disk is full.
        """
        if self.waiting() >= self.capacity:
            raise SpoolFullError(f"{self.capacity} images wait")
        path = self.folder / _IN / f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}{_PART}"
        try:
            with path.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise SpoolFullError(error.strerror or "the disk cannot be written") from error
        return path

    def keep(self, offered: Path) -> None:
        """Put an offered image in the queue: from here on it survives a crash."""
        offered.rename(offered.with_suffix(".dcm"))
        _sync(offered.parent)

    def drop(self, path: Path) -> None:
        """Forget an image or results: refused, or done."""
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def replace(self, image: Path, results: Iterable[Dataset]) -> None:
        """Put an image's results in its place, to be sent in their order."""
        done = self.folder / _OUT / image.stem
        part = done.with_name(done.name + _PART)
        for number, written in enumerate(results, start=1):
            write_object(written, part / f"{number}.dcm")
        part.rename(done)
        _sync(done.parent)
        image.unlink()

    def fail(self, path: Path) -> Path:
        """Put an image or results aside, and return where they lie now."""
        return path.rename(self.folder / _FAILED / path.name)

    def _tidy(self) -> None:
        """Remove what a crash has left half done."""
        for part in (
            *(self.folder / _IN).glob(f"*{_PART}"),
            *(self.folder / _OUT).glob(f"*{_PART}"),
        ):
            self.drop(part)
        for results in self.results():
            (self.folder / _IN / f"{results.name}.dcm").unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make a rename in a folder outlast a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
