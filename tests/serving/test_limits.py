"""Queue, deadline, sizes, slowness: what a server does when it is asked too much."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from serving_client import ANALYZE, MakeClient, problem

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.app import create_app
from lentigo.serving.settings import Settings


class Waiting:
    """An analyzer that begins only when it may."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self.may = threading.Event()
        self.began = threading.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._analyzer, name)

    def analyze_batch(self, *batch: Any) -> object:
        self.began.set()
        assert self.may.wait(20)
        return self._analyzer.analyze_batch(*batch)


@pytest.fixture
def waiting(analyzer: Analyzer) -> Iterator[Waiting]:
    waiting = Waiting(analyzer)
    yield waiting
    waiting.may.set()


def test_over_the_queue_there_is_a_503_at_once_and_the_rest_is_answered(
    make_client: MakeClient, waiting: Waiting, photo: bytes
) -> None:
    client = make_client(waiting, queue_length=2)
    service = client.app.state.service
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(client.post, ANALYZE, files={"image": photo})
        assert waiting.began.wait(5)
        rest = [pool.submit(client.post, ANALYZE, files={"image": photo}) for _ in range(2)]
        while service.desk.waiting < 2:
            time.sleep(0.005)
        refused = client.post(ANALYZE, files={"image": photo})
        assert problem(refused) == (503, "queue-full")
        assert int(refused.headers["retry-after"]) >= 1
        assert 'lentigo_refusals_total{reason="queue-full"} 1.0' in client.get("/metrics").text
        assert "lentigo_queue_length 2.0" in client.get("/metrics").text
        waiting.may.set()
        assert [answer.result(10).status_code for answer in (first, *rest)] == [200] * 3
    assert service.memory.held == 0


def test_a_finding_that_takes_too_long_is_a_504_and_keeps_no_place(
    make_client: MakeClient, waiting: Waiting, photo: bytes
) -> None:
    client = make_client(waiting, deadline_s=0.1)
    for _ in range(3):  # the first is at work, the others wait
        assert problem(client.post(ANALYZE, files={"image": photo})) == (504, "deadline")
    service = client.app.state.service
    assert service.desk.waiting == 0
    assert service.memory.held == 0
    waiting.may.set()


def test_too_large_a_body_is_refused_by_what_it_says(make_client: MakeClient) -> None:
    client = make_client(body_limit=1000)
    told = client.post(ANALYZE, content=b"x" * 1001, headers={"content-type": "image/png"})
    assert problem(told) == (413, "too-large")


def test_too_large_a_body_is_refused_while_it_comes_when_it_says_nothing(
    make_client: MakeClient,
) -> None:
    client = make_client(body_limit=1000)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 100
            yield b"x" * 100

    for kind in ("image/png", "application/octet-stream"):
        told = client.post(ANALYZE, content=endless(), headers={"content-type": kind})
        assert problem(told) == (413, "too-large")
    assert client.app.state.service.memory.held == 0


def test_bodies_on_their_way_have_a_bound_together(make_client: MakeClient, photo: bytes) -> None:
    client = make_client(queue_length=1, body_limit=10_000)
    service = client.app.state.service
    with service.memory.lease() as others:
        others.add(9_990)
        told = client.post(ANALYZE, files={"image": photo})
        assert problem(told) == (503, "uploads-full")
        assert "retry-after" in told.headers
    assert client.post(ANALYZE, files={"image": photo}).status_code == 200


Told = list[dict[str, Any]]


async def asked(app: Any, receive: Any) -> Told:
    """Return what an application answers to a POST whose body ``receive`` gives."""
    told: Told = []

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": ANALYZE,
        "raw_path": ANALYZE.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"image/png")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return told


def test_a_body_that_trickles_is_a_408(analyzer: Analyzer) -> None:
    app = create_app(Settings(upload_s=0.1), analyzer)

    async def trickle() -> dict[str, Any]:
        await asyncio.sleep(0.03)
        return {"type": "http.request", "body": b"x", "more_body": True}

    assert asyncio.run(asked(app, trickle))[0]["status"] == 408
    assert app.state.service.memory.held == 0


def test_a_caller_that_went_away_keeps_no_place(waiting: Waiting, photo: bytes) -> None:
    app = create_app(Settings(), waiting)
    service = app.state.service

    async def both() -> None:
        gone = asyncio.Event()

        def body() -> Any:
            left = [{"type": "http.request", "body": photo, "more_body": False}]

            async def receive() -> dict[str, Any]:
                if left:
                    return left.pop()
                await gone.wait()
                return {"type": "http.disconnect"}

            return receive

        at_work = asyncio.create_task(asked(app, body()))
        await asyncio.to_thread(waiting.began.wait, 5)
        in_line = asyncio.create_task(asked(app, body()))
        while not service.desk.waiting:
            await asyncio.sleep(0.005)
        gone.set()
        await asyncio.gather(at_work, in_line)

    asyncio.run(both())
    assert service.desk.waiting == 0
    assert service.memory.held == 0


def test_a_caller_that_goes_away_while_sending_is_no_fault(
    analyzer: Analyzer, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(), analyzer)

    async def cut() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    asyncio.run(asked(app, cut))
    assert "Traceback" not in caplog.text
    assert app.state.service.memory.held == 0
