"""``/v1``: a finding as a file: a report for people, a Segmentation for archives."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from lentigo.serving.asking import PointName, answer_as
from lentigo.serving.describe import BODY, problems
from lentigo.serving.forms import Report, ReportFormat, has_dicom, segmentation
from lentigo.serving.problems import Problem

router = APIRouter(prefix="/v1")

_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
_TYPES: Final[dict[ReportFormat, str]] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}
_REPORT_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""The report's style and pictures are part of it; it runs nothing."""


@router.post(
    "/report",
    summary="Write the report of an image",
    response_class=Response,
    responses={
        200: {
            "description": "One self-contained file that begins with the answer and says that it "
            "is for research only.",
            "content": {"text/html": _FILE, "application/pdf": _FILE},
        },
        **problems(400, 408, 413, 415, 422, 500, 503, 504),
    },
    openapi_extra=BODY,
)
async def report(
    request: Request,
    format: Annotated[  # noqa: A002 (the parameter's name for callers)
        Literal["html", "pdf"], Query(description="The report's format.")
    ] = "html",
    operating_point: PointName = None,
) -> Response:
    """Return the report of an image, or of the outline that comes with it."""
    form = Report(format, request.app.state.service.analyzer.classifier.bundle.spec)
    headers = _attached(f"lentigo-report.{format}")
    if format == "html":
        headers["Content-Security-Policy"] = _REPORT_CSP
    return await answer_as(request, form, operating_point, _TYPES[format], headers)


@router.post(
    "/segmentation",
    summary="Write the lesion's outline as a DICOM Segmentation",
    response_class=Response,
    responses={
        200: {
            "description": "A DICOM file. A DICOM image's is of its study and refers to it; that "
            "of another image is of a study of its own, of nobody.",
            "content": {"application/dicom": _FILE},
        },
        **problems(400, 408, 413, 415, 422, 500, 501, 503, 504),
    },
    openapi_extra=BODY,
)
async def dicom_segmentation(request: Request, operating_point: PointName = None) -> Response:
    """Return the outline that the segmenter found, or the one that comes with the image."""
    if not has_dicom():
        detail = "this server cannot write DICOM: pip install 'lentigo[dicom]' and start it again"
        raise Problem(501, "no-dicom", detail)
    headers = _attached("lentigo-segmentation.dcm")
    return await answer_as(request, segmentation, operating_point, "application/dicom", headers)


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
