"""The HTTP application: the API, and the page beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI, Request
from fastapi.telemetry import TelemetryConfig

from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.finding import NOTICE
from lentigo.serving import api, asking, downloads, ops, problems, viewer
from lentigo.serving.describe import describe
from lentigo.serving.describe import problems as described
from lentigo.serving.guard import BEARER, Door, Envelope
from lentigo.serving.metrics import Metrics
from lentigo.serving.rate import Rate
from lentigo.serving.service import Service
from lentigo.serving.settings import Settings
from lentigo.serving.tokens import load_tokens

_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI would else tell an exporter that the environment names of paths and queries."""


def create_app(settings: Settings, analyzer: Analyzer | None = None) -> FastAPI:
    """Return the application of one worker.

    Args:
        settings: What it looks with, and its limits.
        analyzer: What looks at images; None makes one from the settings.

    Raises:
        LentigoError: A bundle, the token file or the store cannot be used.
    """
    tokens = load_tokens(settings.token_file) if settings.token_file else None
    door = Door(tokens, Rate(settings.rate_per_minute), settings.host)
    metrics = Metrics()
    service = Service(settings, analyzer or make_analyzer(settings), metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="Lentigo",
        version=version("lentigo"),
        summary="Outlines, measures and scores the lesion in dermoscopic images.",
        description=NOTICE,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # their scripts come from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
    )
    app.state.service = service

    async def admit(request: Request) -> None:
        door.admit(request)

    locks = [Depends(admit), *([Depends(BEARER)] if tokens else [])]
    refusals = described(*((401, 429) if tokens else (403, 421, 429)))
    app.include_router(ops.router)
    app.include_router(ops.metrics_router, dependencies=locks, responses=refusals)
    app.include_router(api.router, dependencies=locks, responses=refusals)
    app.include_router(downloads.router, dependencies=locks, responses=refusals)
    viewer.install(app)
    problems.install(app)
    asking.install(app)
    describe(app)
    app.add_middleware(Envelope, metrics=metrics)
    return app


def make_analyzer(settings: Settings) -> Analyzer:
    """Return what looks at images.

    Raises:
        LentigoError: A bundle, engine or operating point cannot be used.
    """
    return Analyzer(
        settings.segmenter,
        settings.classifier,
        settings.engine,
        settings.operating_point,
        gate=settings.gate,
        threads=settings.threads,
    )
