"""What goes wrong for a caller, as ``application/problem+json`` (RFC 9457)."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"


class ProblemBody(BaseModel):
    """Why there is no finding.

    Attributes:
        type: Always ``about:blank``: ``code`` tells problems apart.
        title: The status in words.
        status: The HTTP status.
        code: A stable name for programs.
        detail: What was got, what was expected and what to do, for people.
        request: Names the request in the server's log.
    """

    model_config = ConfigDict(extra="forbid", title="Problem")

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    code: str
    detail: str
    request: str


class Problem(Exception):  # noqa: N818 (RFC 9457's word)
    """Ends a request with a status, a code and a sentence."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = dict(headers or {})


def busy(code: str, detail: str, retry_after_s: float) -> Problem:
    """Return a 503 that says when to come again."""
    return Problem(503, code, detail, retry_after(retry_after_s))


def retry_after(seconds: float) -> dict[str, str]:
    """Return the header Retry-After, in whole seconds, at least 1."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def respond(problem: Problem, request_id: str) -> Response:
    """Return a problem as a response."""
    body = ProblemBody(
        title=_title(problem.status),
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        request=request_id,
    )
    return Response(body.model_dump_json(), problem.status, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every refusal of an app a problem; ``scope["state"]`` is told its code."""

    def told(request: Request, problem: Problem) -> Response:
        request.state.refusal = problem.code
        return respond(problem, request.state.request_id)

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return told(request, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return told(request, _from_http(error))

    @app.exception_handler(RequestValidationError)
    async def _query(request: Request, error: RequestValidationError) -> Response:
        return told(request, Problem(422, "bad-query", _in_words(error.errors()[0])))


def _from_http(error: HTTPException) -> Problem:
    known = {
        404: ("not-found", "there is nothing at this path; GET /openapi.json lists what there is"),
        405: ("wrong-method", "this path does not take this method; the header Allow lists which"),
    }
    code, detail = known.get(error.status_code, ("refused", str(error.detail)))
    return Problem(error.status_code, code, detail, error.headers)


def _in_words(error: Mapping[str, Any]) -> str:
    place, name = (str(part) for part in error["loc"][:2])
    return f"{place} parameter '{name}': {error['msg']}"


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
