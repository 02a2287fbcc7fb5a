"""What those who run a server ask of it: alive, ready, and in numbers."""

from fastapi import APIRouter, Request, Response

from lentigo.serving.describe import problems
from lentigo.serving.metrics import MEDIA_TYPE
from lentigo.serving.problems import busy
from lentigo.serving.schemas import Health
from lentigo.serving.service import STORE_RETRY_S, Service

router = APIRouter()
metrics_router = APIRouter()


@router.get("/healthz", summary="Tell that the server is alive", responses=problems(500))
async def healthz() -> Health:
    """Answer; nothing is checked."""
    return Health()


@router.get(
    "/readyz", summary="Tell whether requests should be sent here", responses=problems(500, 503)
)
async def readyz(request: Request) -> Health:
    """Check that the bundles on disk are those in memory, and that the store can be written."""
    service: Service = request.app.state.service
    if faults := await service.faults():
        raise busy("not-ready", "; ".join(faults), STORE_RETRY_S)
    return Health()


@metrics_router.get(
    "/metrics",
    summary="Give numbers to Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus's text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(500),
    },
)
async def metrics(request: Request) -> Response:
    """Return what all workers have counted."""
    service: Service = request.app.state.service
    return Response(service.metrics.render(), headers={"content-type": MEDIA_TYPE})
