"""``/v1``: an image in, its finding out."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from lentigo.runtime.classifier import Classifier
from lentigo.runtime.segmenter import Segmenter
from lentigo.serving.asking import PointName, answer_as
from lentigo.serving.describe import BODY, BUNDLE, FINDING, problems
from lentigo.serving.forms import Json, has_dicom
from lentigo.serving.schemas import Analysis, BundleInfo, BundleList

router = APIRouter(prefix="/v1")


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
    preview: Annotated[
        Literal["png"] | None,
        Query(description="Add the photo, for formats that a browser does not show."),
    ] = None,
    words: Annotated[
        Literal["en"] | None,
        Query(description="Add what the finding means, in sentences."),
    ] = None,
    operating_point: PointName = None,
) -> Response:
    """Return the finding for an image.

    With a part ``outline`` the finding is for that outline, and says so in ``outline_by``.
    """
    classifier = request.app.state.service.analyzer.classifier.bundle.spec
    form = Json(overlay is not None, mask, preview is not None, classifier if words else None)
    return await answer_as(request, form, operating_point, "application/json")


@router.get(
    "/bundles",
    summary="Tell which bundles are at work",
    response_model=BundleList,
    responses={
        200: {"content": {"application/json": {"example": {"bundles": [BUNDLE], "dicom": True}}}},
        **problems(500),
    },
)
async def bundles(request: Request) -> BundleList:
    """Return the segmenter's and the classifier's bundle, named by their SHA-256."""
    analyzer = request.app.state.service.analyzer
    points = ("", analyzer.operating_point.name)
    parts = (analyzer.segmenter, analyzer.classifier)
    return BundleList(
        bundles=tuple(_info(part, point) for part, point in zip(parts, points, strict=True)),
        dicom=has_dicom(),
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
