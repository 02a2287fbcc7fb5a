"""An audit row for each finding, in SQLite; a finding is told only when its row is on disk."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from lentigo.errors import LentigoError
from lentigo.runtime.finding import Finding
from lentigo.serving.desk import Desk, DeskClosedError, DeskFullError

FILE: Final = "audit.sqlite"
VERSION: Final = 1

_BUSY_S = 2.0
"""How long another program may lock the database before a finding is refused."""

_TABLE = """
CREATE TABLE IF NOT EXISTS findings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    request TEXT NOT NULL,
    caller TEXT,
    image_sha256 TEXT NOT NULL,
    segmenter_sha256 TEXT NOT NULL,
    classifier_sha256 TEXT NOT NULL,
    outline_by TEXT NOT NULL,
    decision TEXT NOT NULL,
    probability_malignant REAL,
    finding TEXT NOT NULL
)
"""
_INSERT = "INSERT INTO findings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class StoreError(LentigoError):
    """A row that could not be stored, with the reason in words."""


@dataclass(frozen=True)
class Row:
    """Who got which finding.

    Attributes:
        request: The request's name in the log.
        caller: The token's name; None where no token is asked for.
        finding: What was found; it names the image and the bundles by their SHA-256.
    """

    request: str
    caller: str | None
    finding: Finding

    def values(self, at: datetime) -> tuple[object, ...]:
        """Return the table's columns after the first."""
        finding = self.finding
        return (
            at.isoformat(timespec="milliseconds"),
            self.request,
            self.caller,
            finding.image_sha256,
            finding.made_with.segmenter.sha256,
            finding.made_with.classifier.sha256,
            finding.outline_by,
            finding.decision,
            finding.probability_malignant,
            json.dumps(finding.model_dump(mode="json"), ensure_ascii=False),
        )


class Store:
    """The audit store of one folder, written by a thread of its own.

    Several processes may share a folder on a local disk (WAL needs shared memory, which network
    file systems lack).

    Args:
        folder: Where ``audit.sqlite`` lies; made, for this user alone, where it is not there.
        places: Rows that may wait for the disk.

    Raises:
        StoreError: It cannot be opened.
    """

    def __init__(self, folder: Path, places: int) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._database = _opened(self.path)
            self._inode = self.path.stat().st_ino
        except FileExistsError as error:
            raise StoreError(f"--store {folder}: cannot be used: a file; name a folder") from error
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(f"--store {folder}: cannot be used ({reason})") from error
        self._desk: Desk[Row | None, None] = Desk(self._write_all, places)

    def add(self, row: Row | None, deadline: float) -> "Future[None]":
        """Store a row; None only tries whether one could be begun.

        Args:
            row: What to store.
            deadline: Of ``time.monotonic``; writing does not begin later.

        Returns:
            What is done when the row is on disk, or raises ``StoreError`` or ``TooLateError``.

        Raises:
            StoreError: Too many rows wait, for a disk that does not answer.
        """
        try:
            return self._desk.submit(row, deadline)
        except (DeskFullError, DeskClosedError) as error:
            raise StoreError("the audit store's disk does not keep up") from error

    def close(self, timeout_s: float) -> None:
        """Finish what was begun, and close the file unless the disk hangs."""
        if self._desk.close(timeout_s):
            self._database.close()

    def _write_all(self, rows: Sequence[Row | None]) -> Iterator[tuple[int, Exception | None]]:
        for at, row in enumerate(rows):
            try:
                self._write(None if row is None else row.values(datetime.now(UTC)))
                yield at, None
            except StoreError as error:
                yield at, error

    def _write(self, values: tuple[object, ...] | None) -> None:
        """Write one row whole or not at all; without values, only try the lock."""
        try:
            if self.path.stat().st_ino != self._inode:
                raise StoreError("the audit store's file was replaced while the server ran")
            self._database.execute("BEGIN IMMEDIATE")
            if values is not None:
                self._database.execute(_INSERT, values)
            self._database.execute("COMMIT")
        except OSError as error:
            raise StoreError(f"the audit store's file is gone ({error.strerror})") from error
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise StoreError(f"the audit store cannot be written ({error})") from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise StoreError(f"{path}: is of version {version}; this Lentigo writes {VERSION}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # a row survives a power cut once told
        database.execute(_TABLE)
        database.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        database.close()
        raise
    return database
