"""The API keeps to its own description, whatever is sent."""

from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.app import create_app
from lentigo.serving.describe import BUNDLE, FINDING, problems
from lentigo.serving.problems import ProblemBody
from lentigo.serving.schemas import Analysis, BundleInfo
from lentigo.serving.settings import Settings
from lentigo.serving.tokens import make_token

# A string of the right format is seldom an image, so that valid bodies may well be refused.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


OPERATIONS = [
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
    ("/v1/bundles", "GET"),
    ("/v1/analyze", "POST"),
    ("/v1/report", "POST"),
    ("/v1/segmentation", "POST"),
]


@pytest.fixture(scope="module", params=[False, True], ids=["open", "tokens"])
def api(
    request: pytest.FixtureRequest,
    analyzer: Analyzer,
    tmp_path_factory: pytest.TempPathFactory,
) -> schemathesis.BaseSchema:
    tokens = tmp_path_factory.mktemp("tokens") / "tokens"
    token = make_token("tester", tokens)
    options = {"token_file": tokens} if request.param else {}
    app = create_app(Settings(host="testserver", rate_per_minute=10**6, **options), analyzer)

    async def lasting(scope: Any, receive: Any, send: Any) -> None:
        """Pass over the end that every single case would bring."""
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        while True:
            told = (await receive())["type"]
            await send({"type": f"{told}.complete"})
            if told == "lifespan.shutdown":
                return

    schema = schemathesis.openapi.from_asgi("/openapi.json", lasting)
    schema.config.update(headers={"Authorization": f"Bearer {token}"})
    return schema


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
    + [("/v1/analyze", "POST", GenerationMode.NEGATIVE)],
)
def test_every_answer_is_as_described(
    api: schemathesis.BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=30, deadline=None, database=None)
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    check()


def test_every_operation_is_tried(api: schemathesis.BaseSchema) -> None:
    described = {result.ok().label for result in api.get_all_operations()}
    assert described == {f"{method} {path}" for path, method in OPERATIONS}


def test_the_examples_are_what_is_answered() -> None:
    Analysis.model_validate(FINDING)
    BundleInfo.model_validate(BUNDLE)
    told = problems(400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 501, 503, 504)
    for status, described in told.items():
        (content,) = described["content"].values()
        assert ProblemBody.model_validate(content["example"]).status == status
