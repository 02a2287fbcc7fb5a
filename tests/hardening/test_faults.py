"""Faults of the machine around a real server: nothing acknowledged is lost, no answer is wrong."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bad_input import outcome_of
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from serving_client import ANALYZE, png_of
from serving_process import Server, ask, running

from lentigo.bundle import Bundle, load_bundle
from lentigo.errors import BundleError
from lentigo.runtime.analyzer import Analyzer
from lentigo.serving import store
from lentigo.serving.app import create_app
from lentigo.serving.settings import Settings


@pytest.fixture(scope="module")
def photo(dark_disc: NDArray[Any]) -> bytes:
    return png_of(dark_disc)


@pytest.fixture(scope="module")
def quick(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> list[str]:
    """Options for a server that starts quickly."""
    bundles = ("--segmenter", segmenter_bundle.path, "--classifier", classifier_bundle.path)
    return [*map(str, bundles), "--engine", "onnxruntime", "--no-gate", "--rate", "100000"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def rows(folder: Path) -> dict[str, Any]:
    """Return the stored findings by their requests' names; the file must be sound."""
    with sqlite3.connect(folder / store.FILE) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = database.execute("SELECT request, finding FROM findings").fetchall()
    return {request: json.loads(finding) for request, finding in stored}


def found(server: Server, photo: bytes) -> str:
    return outcome_of(ask(server, ANALYZE, files={"image": photo}))


def test_no_acknowledged_finding_is_lost_when_workers_are_killed_under_load(
    quick: list[str], photo: bytes, tmp_path: Path
) -> None:
    told: dict[str, Any] = {}
    ended = threading.Event()

    def caller(server: Server) -> None:
        while not ended.is_set():
            try:
                answer = ask(server, ANALYZE, files={"image": photo})
            except httpx.TransportError:
                continue  # cut off: nothing was acknowledged
            assert answer.status_code == 200
            told[answer.headers["x-request-id"]] = answer.json()

    with running(*quick, "--store", str(tmp_path)) as server, ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(caller, server) for _ in range(4)]
        for kills in (1, 2):
            before = len(told)
            while len(told) < before + 20:
                time.sleep(0.01)
            os.kill(server.workers[-1], signal.SIGKILL)
            server.wait_for("Application startup complete", times=1 + kills)
        ended.set()
        for one in callers:
            one.result(60)
    stored = rows(tmp_path)
    assert len(told) > 40
    assert {request: stored.get(request) for request in told} == told


def test_a_full_disk_under_the_store_refuses_and_recovers(
    quick: list[str], photo: bytes, small_disk: Path
) -> None:
    with running(*quick, "--store", str(small_disk)) as server:
        assert found(server, photo) == "finding"
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"), filler.open("wb", 0) as stream:
            while True:
                stream.write(bytes(4096))
        outcomes = [found(server, photo) for _ in range(6)]
        assert outcomes[-1] == "503 not-stored"
        filler.unlink()
        assert found(server, photo) == "finding"
        assert ask(server, "/readyz").status_code == 200
        assert len(rows(small_disk)) == 2 + outcomes.count("finding")


def test_a_bundle_corrupted_on_disk_is_noticed_and_cannot_be_loaded(
    segmenter_bundle: Bundle, classifier_bundle: Bundle, photo: bytes, tmp_path: Path
) -> None:
    served = tmp_path / "served"
    shutil.copytree(classifier_bundle.path, served)
    analyzer = Analyzer(segmenter_bundle, served, "onnxruntime", gate=False)
    with TestClient(create_app(Settings(), analyzer), base_url="http://127.0.0.1") as client:
        before = client.post(ANALYZE, files={"image": photo}).json()
        model = served / "model.onnx"
        content = bytearray(model.read_bytes())
        content[len(content) // 2] ^= 1
        model.write_bytes(content)
        refused = client.get("/readyz")
        assert outcome_of(refused) == "503 not-ready"
        assert "was changed or removed on disk" in refused.json()["detail"]
        assert client.post(ANALYZE, files={"image": photo}).json() == before  # the sound one
    with pytest.raises(BundleError, match=r"model\.onnx"):
        load_bundle(served)


def test_clients_that_dawdle_or_hang_up_cost_the_others_nothing(
    quick: list[str], photo: bytes
) -> None:
    head = "POST /v1/analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
    head += f"Content-Length: {len(photo)}\r\n\r\n"
    with running(*quick, "--upload-time", "3") as server:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(address) as slow:
            slow.sendall(head.encode())
            for at in range(3):  # a byte a second
                slow.sendall(photo[at : at + 1])
                for cut in (10, len(head), len(head) + 50, len(head) + len(photo)):
                    with socket.create_connection(address) as gone:
                        gone.sendall((head.encode() + photo)[:cut])
                assert found(server, photo) == "finding"
                time.sleep(1)
            slow.settimeout(30)
            assert slow.recv(4096).startswith(b"HTTP/1.1 408")
        numbers = ask(server, "/metrics").text
        assert "\nlentigo_queue_length 0.0" in numbers
    assert not server.found("Traceback")


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400), timedelta(hours=1)])
def test_a_clock_that_jumps_changes_no_answer_and_no_deadline(
    analyzer: Analyzer,
    photo: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    jump: timedelta,
) -> None:
    app = create_app(Settings(store=tmp_path, deadline_s=5), analyzer)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        before = client.post(ANALYZE, files={"image": photo}).json()

        class Jumped(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.now(tz) + jump

        there = time.time
        monkeypatch.setattr(store, "datetime", Jumped)
        monkeypatch.setattr(time, "time", lambda: there() + jump.total_seconds())
        assert client.post(ANALYZE, files={"image": photo}).json() == before
        assert client.get("/readyz").status_code == 200
    with sqlite3.connect(tmp_path / store.FILE) as database:
        first, second = [
            datetime.fromisoformat(at)
            for (at,) in database.execute("SELECT at FROM findings ORDER BY id")
        ]
    assert abs(second - first - jump) < timedelta(minutes=1)
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)
