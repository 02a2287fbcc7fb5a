"""A server as an operator runs it: its start, its end, and workers that die."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from serving_client import ANALYZE, png_of
from serving_process import Server, ask, running

from lentigo.bundle import Bundle
from lentigo.cli import app
from lentigo.cli.common import run
from lentigo.serving.desk import Desk
from lentigo.serving.run import _end_if_stuck
from lentigo.serving.settings import is_loopback
from lentigo.serving.tokens import make_token


@pytest.fixture
def bundles(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> list[str]:
    """Options for a server that starts quickly."""
    return [
        *("--segmenter", str(segmenter_bundle.path), "--classifier", str(classifier_bundle.path)),
        *("--engine", "onnxruntime", "--no-gate"),
    ]


@pytest.fixture(scope="session")
def large_photo() -> bytes:
    """Takes a good part of a second."""
    rows, columns = np.ogrid[:1000, :1400]
    inside = (rows - 500) ** 2 + (columns - 700) ** 2 <= 300**2
    noise = np.random.default_rng(0).integers(0, 40, (1000, 1400, 3), np.uint8)
    return png_of(np.where(inside[..., np.newaxis], np.uint8(30), np.uint8(210)) + noise)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def refusal(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return the one line by which a start was refused."""
    assert run(app, ["serve", "--port", "0", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_another_host_without_a_token_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    told = refusal(capsys, "--host", "0.0.0.0")
    assert "--host 0.0.0.0 lets other machines in" in told
    assert "lentigo token NAME --token-file F" in told


def test_what_cannot_work_is_refused_before_anything_listens(
    capsys: pytest.CaptureFixture[str], bundles: list[str], tmp_path: Path
) -> None:
    empty = tmp_path / "tokens"
    empty.touch()
    assert "holds no token" in refusal(capsys, *bundles, "--token-file", str(empty))
    assert "is not a bundle" in refusal(capsys, "--segmenter", str(tmp_path / "none"))
    assert "no operating point" in refusal(capsys, *bundles, "--operating-point", "bold")
    assert "cannot be used" in refusal(capsys, *bundles, "--store", str(empty))
    assert "unknown engine 'fast'" in refusal(capsys, *bundles, "--engine", "fast")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refusal(capsys, *bundles, "--port", str(port))
    assert f"--port {port}: cannot be listened on (Address already in use)" in told


def test_without_the_extra_it_says_what_to_install() -> None:
    program = """
import importlib.util, sys
absent = {"fastapi", "uvicorn", "prometheus_client", "python_multipart"}
there = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in absent else there(name)
sys.modules.update(dict.fromkeys(absent))  # importing one fails
import lentigo
from lentigo.cli import main
main()
"""
    serve = subprocess.run(
        [sys.executable, "-c", program, "serve"], capture_output=True, text=True, check=False
    )
    assert serve.returncode == 2
    assert "pip install 'lentigo[serve]'" in serve.stderr
    assert len(serve.stderr.splitlines()) == 1
    other = subprocess.run(
        [sys.executable, "-c", program, "bundle", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 0, other.stderr


def test_a_worker_whose_models_hang_ends_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    hang, ends = threading.Event(), []
    desk = Desk(lambda questions: hang.wait(10) and (), places=1)
    desk.submit("a photo", deadline=time.monotonic() + 9)
    monkeypatch.setattr(os, "_exit", ends.append)
    _end_if_stuck(SimpleNamespace(desk=desk), limit_s=0.01)
    assert ends == [1]
    hang.set()


def waiting(server: Server) -> float:
    """Return how many images wait."""
    lines = ask(server, "/metrics").text.splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("lentigo_queue_length "))


def test_a_stop_finishes_what_was_taken(
    bundles: list[str], large_photo: bytes, tmp_path: Path
) -> None:
    with running(*bundles, "--store", str(tmp_path)) as server, ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, server, ANALYZE, files={"image": large_photo}) for _ in range(6)]
        while not waiting(server):
            time.sleep(0.01)
        server.send(signal.SIGTERM)
        assert [answer.result().status_code for answer in asked] == [200] * 6
        assert server.process.wait(30) == 0
        with pytest.raises(httpx.TransportError):
            ask(server, "/healthz")
    assert not server.found("Traceback")
    import sqlite3

    with sqlite3.connect(tmp_path / "audit.sqlite") as database:
        assert database.execute("SELECT count(*) FROM findings").fetchone() == (6,)


def folders_of_numbers() -> set[Path]:
    places = (Path("/dev/shm"), Path(tempfile.gettempdir()))
    return {folder for place in places for folder in place.glob("lentigo-metrics-*")}


def test_a_killed_worker_is_replaced_and_no_request_hangs(
    bundles: list[str], large_photo: bytes, photo: bytes
) -> None:
    before = folders_of_numbers()
    with running(*bundles) as server, ThreadPoolExecutor(4) as pool:
        (worker,) = server.workers
        asked = [pool.submit(ask, server, ANALYZE, files={"image": large_photo}) for _ in range(4)]
        while not waiting(server):
            time.sleep(0.01)
        os.kill(worker, signal.SIGKILL)
        for answer in asked:  # cut off, or answered by the next worker: within its time
            fault = answer.exception(60)
            assert fault is None or isinstance(fault, httpx.TransportError)
        assert any(answer.exception() for answer in asked)
        server.wait_for("Application startup complete", times=2)
        assert ask(server, ANALYZE, files={"image": photo}).status_code == 200
        assert waiting(server) == 0  # what the dead one left is gone
        assert server.workers[-1] != worker
        server.process.kill()  # the supervisor itself: its workers end with it
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                ask(server, "/healthz")
                time.sleep(0.05)
            except httpx.TransportError:
                break
        else:
            pytest.fail("a worker serves on")
    assert folders_of_numbers() <= before


def test_tokens_are_read_anew_on_a_hangup(bundles: list[str], tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    first = make_token("first", path)
    with running(*bundles, "--token-file", str(path)) as server:
        second = make_token("second", path)

        def status(token: str) -> int:
            headers = {"authorization": f"Bearer {token}"}
            return ask(server, "/v1/bundles", headers=headers).status_code

        assert (status(first), status(second)) == (200, 401)
        path.write_text(path.read_text().splitlines()[1] + "\n")
        server.send(signal.SIGHUP)
        server.wait_for("Application shutdown complete")
        assert (status(first), status(second)) == (401, 200)


def test_a_bundle_exchanged_after_the_start_is_never_served(
    segmenter_bundle: Bundle, classifier_bundle: Bundle, telling_bundle: Bundle, tmp_path: Path
) -> None:
    served = tmp_path / "served"
    shutil.copytree(classifier_bundle.path, served)
    options = ("--segmenter", str(segmenter_bundle.path), "--classifier", str(served))
    with running(*options, "--engine", "onnxruntime") as server:
        shutil.rmtree(served)
        shutil.copytree(telling_bundle.path, served)  # sound, but another
        assert ask(server, "/readyz").status_code == 503
        os.kill(server.workers[0], signal.SIGKILL)
        assert server.process.wait(60) == 2
    assert server.found("was exchanged since the server was started")
    assert server.found("lentigo: error: a worker could not start")
