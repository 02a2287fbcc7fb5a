"""``/v1``: an image in, its finding out."""

import asyncio
import time
from concurrent.futures import Future
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.requests import ClientDisconnect

from lentigo.runtime.classifier import Classifier
from lentigo.runtime.segmenter import Segmenter
from lentigo.serving.describe import BODY, BUNDLE, FINDING, problems
from lentigo.serving.desk import TooLateError
from lentigo.serving.schemas import Analysis, BundleInfo, BundleList
from lentigo.serving.service import Service, too_late
from lentigo.serving.store import Row
from lentigo.serving.upload import gone, receive
from lentigo.serving.work import Answer, Question

router = APIRouter(prefix="/v1")

_GONE = 499  # nginx's number for a caller that did not wait


@router.post(
    "/analyze",
    summary="Outline, measure and score the lesion in an image",
    responses={
        200: {
            "model": Analysis,
            "description": "The finding, as 'lentigo analyze' writes it: one that is refused as "
            "not dermoscopy is a finding too.",
            "content": {"application/json": {"example": FINDING}},
        },
        **problems(400, 408, 413, 415, 422, 500, 503, 504),
    },
    openapi_extra=BODY,
)
async def analyze(
    request: Request,
    overlay: Annotated[
        Literal["png"] | None,
        Query(description="Add the photo with the outline drawn on it."),
    ] = None,
    mask: Annotated[
        Literal["png", "rle"] | None,
        Query(description="Add the lesion's mask at the photo's own size."),
    ] = None,
) -> Response:
    """Return the finding for an image.

    With a part ``outline`` the finding is for that outline, and says so in ``outline_by``. Nothing
    is kept of the image; where the server has an audit store, the finding is told only when its
    row is stored.
    """
    service: Service = request.app.state.service
    limits = service.settings
    service.check_room()
    with service.memory.lease() as lease:
        try:
            upload = await receive(request, lease, limits.body_limit, limits.upload_s)
            deadline = time.monotonic() + limits.deadline_s
            question = Question(upload.image, upload.outline, overlay is not None, mask)
            answer = await _answer(service, question, deadline, request)
        except ClientDisconnect:
            return Response(status_code=_GONE)
    row = Row(request.state.request_id, request.state.caller, answer.finding)
    await service.record(row, deadline)
    service.metrics.count_decision(answer.finding.decision)
    return Response(answer.body, media_type="application/json")


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


@router.get(
    "/bundles",
    summary="Tell which bundles are at work",
    response_model=BundleList,
    responses={
        200: {"content": {"application/json": {"example": {"bundles": [BUNDLE]}}}},
        **problems(500),
    },
)
async def bundles(request: Request) -> BundleList:
    """Return the segmenter's and the classifier's bundle, named by their SHA-256."""
    analyzer = request.app.state.service.analyzer
    points = ("", analyzer.operating_point.name)
    parts = (analyzer.segmenter, analyzer.classifier)
    return BundleList(
        bundles=tuple(_info(part, point) for part, point in zip(parts, points, strict=True))
    )


def _info(part: Segmenter | Classifier, point: str) -> BundleInfo:
    spec = part.bundle.spec
    as_they_are = ("name", "task", "net", "classes", "diagnoses", "trained_on", "licence", "notes")
    same: dict[str, Any] = {name: getattr(spec, name) for name in as_they_are}
    return BundleInfo(
        **same,
        sha256=part.bundle.sha256,
        precision=part.engine.precision,
        input_size_px=spec.input.size_px,
        operating_points={name: one.threshold for name, one in spec.operating_points.items()},
        operating_point=point or spec.default_operating_point,
    )
