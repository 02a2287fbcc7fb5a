"""Clients that are slow on purpose, over real sockets."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving import protocol
from lentigo.serving.app import create_app
from lentigo.serving.settings import Settings

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /v1/analyze HTTP/1.1\r\n" + HOST + b"Content-Type: image/png\r\n"


@pytest.fixture(scope="module")
def address(analyzer: Analyzer) -> Iterator[tuple[str, int]]:
    patch = pytest.MonkeyPatch()
    patch.setattr(protocol, "HEAD_TIMEOUT_S", 0.3)
    patch.setattr(protocol, "SEND_TIMEOUT_S", 0.3)
    app = create_app(Settings(upload_s=0.3, body_limit=10_000_000), analyzer)

    @app.get("/much", include_in_schema=False)
    def much() -> object:
        from fastapi import Response

        return Response(b"x" * 30_000_000)

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=protocol.BoundedProtocol, log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join(10)
    patch.undo()


def trickle(address: tuple[str, int], first: bytes, drop: bytes = b"x") -> tuple[bytes, float]:
    """Send ``first``, then drop by drop; return what came back until the end, and the seconds."""
    began, told = time.monotonic(), b""
    with socket.create_connection(address) as client:
        client.settimeout(0.05)
        client.sendall(first)
        while time.monotonic() < began + 5:
            try:
                if drop:
                    client.sendall(drop)
                received = client.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if not received:
                break
            told += received
    return told, time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b""),
        (b"", b"G"),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Slow: ", b"x"),
    ],
)
def test_a_head_that_never_ends_is_cut_off(
    address: tuple[str, int], first: bytes, drop: bytes
) -> None:
    assert trickle(address, first, drop)[1] < 4


def test_a_second_head_that_never_ends_is_cut_off_too(address: tuple[str, int]) -> None:
    told, seconds = trickle(address, b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\nGET /he")
    assert told.startswith(b"HTTP/1.1 200")
    assert seconds < 4


def test_a_body_that_trickles_is_told_and_cut_off(address: tuple[str, int]) -> None:
    told, seconds = trickle(address, POST + b"Content-Length: 1000\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 408")
    assert seconds < 4


def test_a_refused_body_that_goes_on_is_cut_off(address: tuple[str, int]) -> None:
    told, seconds = trickle(address, POST + b"Content-Length: 20000000\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 413")
    assert seconds < 4


def test_an_answer_that_nobody_fetches_is_dropped(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"GET /much HTTP/1.1\r\n" + HOST + b"\r\n")
        time.sleep(1)
        received = 0
        with pytest.raises(ConnectionResetError):
            while chunk := client.recv(65536):
                received += len(chunk)
            raise AssertionError(f"{received} bytes came, and an end")


def test_an_honest_client_is_not_cut_off(address: tuple[str, int]) -> None:
    get = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    with socket.create_connection(address) as client:
        for requests in (1, 1, 1, 2):
            client.sendall(get * requests)
            told = b""
            while told.count(b'{"status":"ok"}') < requests:
                told += client.recv(65536)
            time.sleep(0.2)
