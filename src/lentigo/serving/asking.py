"""From a request to its answer: what the routes that take an image share."""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.requests import ClientDisconnect

from lentigo.errors import BundleError
from lentigo.runtime.finding import AppliedPoint
from lentigo.serving.desk import TooLateError
from lentigo.serving.problems import Problem
from lentigo.serving.service import Service, too_late
from lentigo.serving.store import Row
from lentigo.serving.upload import gone, receive
from lentigo.serving.work import Answer, Form, Question

_GONE: Final = 499  # nginx's number for a caller that did not wait

PointName = Annotated[
    str | None,
    Query(
        max_length=100,
        description="The classifier's operating point to decide at, one of those that /v1/bundles "
        "lists; the server's own where it is left out.",
    ),
]


def install(app: FastAPI) -> None:
    """Let an app pass over callers that went away."""

    @app.exception_handler(ClientDisconnect)
    async def _gone(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=_GONE)


async def answer_as(
    request: Request,
    form: Form,
    point: str | None,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer to a request that brings an image.

    Nothing is kept of the image; where the server has an audit store, the answer is told only when
    its row is stored.

    Args:
        request: Its body is unread.
        form: Writes the answer.
        point: Name of the operating point; None: the server's.
        media_type: Of the answer.
        headers: Of the answer.

    Raises:
        Problem: There is none.
        ClientDisconnect: The caller went away.
    """
    service: Service = request.app.state.service
    limits = service.settings
    chosen = None if point is None else _point(service, point)
    service.check_room()
    with service.memory.lease() as lease:
        upload = await receive(request, lease, limits.body_limit, limits.upload_s)
        deadline = time.monotonic() + limits.deadline_s
        question = Question(upload.image, form, upload.outline, chosen)
        answer = await _answer(service, question, deadline, request)
    row = Row(request.state.request_id, request.state.caller, answer.finding)
    await service.record(row, deadline)
    service.metrics.count_decision(answer.finding.decision)
    return Response(answer.body, media_type=media_type, headers=dict(headers or {}))


def _point(service: Service, name: str) -> AppliedPoint:
    try:
        return service.analyzer.point(name)
    except BundleError as error:
        points = ", ".join(sorted(service.analyzer.classifier.bundle.spec.operating_points))
        detail = (
            f"query parameter 'operating_point': there is none of this name; there are {points}"
        )
        raise Problem(422, "bad-query", detail) from error


async def _answer(
    service: Service, question: Question, deadline: float, request: Request
) -> Answer:
    """Wait for the desk's answer, but no longer than the deadline and the caller do."""
    asked: Future[Answer] = service.submit(question, deadline)
    answered = asyncio.wrap_future(asked)
    left = asyncio.ensure_future(gone(request))
    try:
        either: set[asyncio.Future[Any]] = {answered, left}
        left_s = max(0.0, deadline - time.monotonic())
        await asyncio.wait(either, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if answered.done():
            return answered.result()
        if left.done():
            raise ClientDisconnect
        raise too_late(service.settings.deadline_s)
    except TooLateError as error:
        raise too_late(service.settings.deadline_s) from error
    finally:
        left.cancel()
        answered.cancel()
        service.desk.withdraw(asked)
