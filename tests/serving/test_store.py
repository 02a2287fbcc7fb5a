"""A finding is told only when its row is on disk."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from numpy.typing import NDArray
from serving_client import ANALYZE, MakeClient, problem

from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.finding import Finding
from lentigo.serving import store as module
from lentigo.serving.store import FILE, Row, Store, StoreError
from lentigo.serving.tokens import make_token


def later() -> float:
    return time.monotonic() + 30


@pytest.fixture
def finding(analyzer: Analyzer, dark_disc: NDArray) -> Finding:
    return analyzer.analyze(dark_disc).model_copy(
        update={"image_sha256": "ab" * 32, "pictures": None}
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "audit", places=8)
    yield store
    store.close(5)


def rows(folder: Path) -> list[dict[str, object]]:
    with sqlite3.connect(folder / FILE) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM findings ORDER BY id")]


def test_a_finding_leaves_a_row_of_who_when_what_and_with_what(
    make_client: MakeClient, tmp_path: Path, photo: bytes
) -> None:
    token = make_token("clinic-a", tmp_path / "tokens")
    folder = tmp_path / "audit"
    client = make_client(token_file=tmp_path / "tokens", store=folder)
    headers = {"authorization": f"Bearer {token}"}
    told = client.post(ANALYZE, files={"image": photo}, headers=headers)
    client.post(ANALYZE, files={"image": b"words"}, headers=headers)
    (row,) = rows(folder)
    found = told.json()
    assert row["caller"] == "clinic-a"
    assert row["request"] == told.headers["x-request-id"]
    assert row["image_sha256"] == found["image_sha256"]
    assert row["segmenter_sha256"] == found["made_with"]["segmenter"]["sha256"]
    assert row["classifier_sha256"] == found["made_with"]["classifier"]["sha256"]
    assert row["decision"] == found["decision"]
    assert json.loads(row["finding"]) == found
    at = datetime.fromisoformat(row["at"])
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert (folder / FILE).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_nothing_is_written_without_a_store(
    make_client: MakeClient, tmp_path: Path, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert make_client().post(ANALYZE, files={"image": photo * 1}).status_code == 200
    assert list(tmp_path.iterdir()) == []


def test_a_locked_database_is_a_503_and_no_finding(
    make_client: MakeClient,
    tmp_path: Path,
    photo: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_BUSY_S", 0.1)
    folder = tmp_path / "audit"
    client = make_client(store=folder)
    other = sqlite3.connect(folder / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = client.post(ANALYZE, files={"image": photo})
    assert problem(refused) == (503, "not-stored")
    assert "locked" in refused.json()["detail"]
    assert "retry-after" in refused.headers
    assert problem(client.get("/readyz")) == (503, "not-ready")
    other.execute("ROLLBACK")
    other.close()
    assert client.get("/readyz").status_code == 200
    assert client.post(ANALYZE, files={"image": photo}).status_code == 200
    assert len(rows(folder)) == 1
    assert "not-stored" in client.get("/metrics").text


def test_a_full_disk_is_told_and_the_next_row_is_stored_when_there_is_room(
    store: Store, finding: Finding
) -> None:
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count = {pages + 1}")
    told: list[Exception | None] = [
        store.add(Row(str(number), None, finding), later()).exception(5) for number in range(12)
    ]
    assert isinstance(told[-1], StoreError)
    assert "full" in str(told[-1])
    store._database.execute("PRAGMA max_page_count = 100000")
    assert store.add(Row("room", None, finding), later()).exception(5) is None
    stored = [row["request"] for row in rows(store.path.parent)]
    assert stored == [str(at) for at, fault in enumerate(told) if fault is None] + ["room"]


def test_a_file_that_was_moved_away_takes_no_rows_unseen(store: Store, finding: Finding) -> None:
    store.path.rename(store.path.with_name("kept.sqlite"))
    fault = store.add(Row("1", None, finding), later()).exception(5)
    assert "is gone" in str(fault)
    store.path.touch()
    fault = store.add(Row("2", None, finding), later()).exception(5)
    assert "replaced" in str(fault)


def test_a_disk_that_hangs_refuses_at_once_when_too_many_wait(
    store: Store, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    hang = threading.Event()
    began = threading.Event()

    def write(_: object) -> None:
        began.set()
        hang.wait(10)

    monkeypatch.setattr(store, "_write", write)
    store.add(Row("0", None, finding), later())
    assert began.wait(5)
    for number in range(8):
        store.add(Row(str(number), None, finding), later())
    with pytest.raises(StoreError, match="does not keep up"):
        store.add(Row("9", None, finding), later())
    hang.set()


def test_two_servers_may_share_a_store(store: Store, finding: Finding) -> None:
    other = Store(store.path.parent, places=8)
    written = [
        one.add(Row(str(number), None, finding), later())
        for number in range(6)
        for one in (store, other)
    ]
    assert [one.exception(10) for one in written] == [None] * 12
    other.close(5)
    assert len(rows(store.path.parent)) == 12


def test_what_cannot_be_a_store_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"--store .*file: cannot be used"):
        Store(tmp_path / "file", 1)
    (tmp_path / FILE).write_text("this is not a database, though it is long enough to be one" * 9)
    with pytest.raises(StoreError, match="not a database"):
        Store(tmp_path, 1)
    newer = tmp_path / "newer"
    newer.mkdir()
    with sqlite3.connect(newer / FILE) as database:
        database.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match="version 7"):
        Store(newer, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        Store(tmp_path / "audit", 1)
