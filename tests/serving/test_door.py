"""Who may come in, and what every answer carries."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from serving_client import ANALYZE, MakeClient, problem

from lentigo.serving.rate import Rate
from lentigo.serving.tokens import make_token

BUNDLES = "/v1/bundles"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_token_opens_and_its_name_is_logged(
    make_client: MakeClient, token_file: Path, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = {name: make_token(name, token_file) for name in ("clinic-a", "clinic-b")}
    client = make_client(token_file=token_file, host="0.0.0.0")
    with caplog.at_level("INFO", "lentigo.serving"):
        for token in tokens.values():
            told = client.post(ANALYZE, files={"image": photo}, headers=bearer(token))
            assert told.status_code == 200
    assert "caller=clinic-a" in caplog.text
    assert "caller=clinic-b" in caplog.text
    assert not any(token in caplog.text for token in tokens.values())


@pytest.mark.parametrize("path", [BUNDLES, "/metrics"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("lentigo_wrong"),
        bearer(""),
        {"authorization": "Basic bGVudGlnbzp4"},
        {"authorization": "bearer"},
        {"authorization": "Bearer \xe9".encode("latin-1")},
    ],
)
def test_without_a_right_token_nothing_is_told(
    make_client: MakeClient, token_file: Path, path: str, headers: dict[str, str]
) -> None:
    make_token("clinic-a", token_file)
    client = make_client(token_file=token_file)
    refused = client.get(path, headers=headers)
    assert problem(refused) == (401, "no-token")
    assert refused.headers["www-authenticate"] == "Bearer"


def test_the_name_or_the_hash_in_the_file_is_no_token(
    make_client: MakeClient, token_file: Path
) -> None:
    make_token("clinic-a", token_file)
    client = make_client(token_file=token_file)
    name, stored = token_file.read_text().strip().split(":")
    for guess in (name, stored, f"{name}:{stored}"):
        assert client.get(BUNDLES, headers=bearer(guess)).status_code == 401


def test_a_stranger_is_refused_before_the_body_is_read(
    make_client: MakeClient, token_file: Path
) -> None:
    make_token("clinic-a", token_file)
    client = make_client(token_file=token_file, body_limit=10)
    assert problem(client.post(ANALYZE, content=b"x" * 100)) == (401, "no-token")


def test_whether_it_lives_needs_no_token(make_client: MakeClient, token_file: Path) -> None:
    make_token("clinic-a", token_file)
    client = make_client(token_file=token_file)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    described = client.get("/openapi.json").json()
    assert described["paths"][BUNDLES]["get"]["security"] == [{"HTTPBearer": []}]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:8000", "127.0.0.1:1"])
def test_without_tokens_this_machine_gets_in(client: TestClient, host: str) -> None:
    assert client.get(BUNDLES, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "evil:80"])
def test_without_tokens_another_name_for_this_machine_does_not(
    client: TestClient, host: str
) -> None:
    assert problem(client.get(BUNDLES, headers={"host": host})) == (421, "wrong-host")


def test_without_tokens_another_web_site_does_not(client: TestClient) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200)):
        told = client.get(BUNDLES, headers={"sec-fetch-site": site})
        assert told.status_code == status


def test_a_caller_may_ask_only_so_often(make_client: MakeClient, token_file: Path) -> None:
    tokens = [make_token(name, token_file) for name in ("a", "b")]
    client = make_client(token_file=token_file, rate_per_minute=3)
    told = [client.get(BUNDLES, headers=bearer(tokens[0])) for _ in range(4)]
    assert [one.status_code for one in told] == [200, 200, 200, 429]
    assert problem(told[-1]) == (429, "too-often")
    assert 1 <= int(told[-1].headers["retry-after"]) <= 20
    assert client.get(BUNDLES, headers=bearer(tokens[1])).status_code == 200
    guesses = [client.get(BUNDLES, headers=bearer("guess")).status_code for _ in range(4)]
    assert guesses == [401, 401, 401, 429]


def test_a_minutes_requests_may_come_at_once_and_then_evenly() -> None:
    now = 0.0
    rate = Rate(60, clock=lambda: now)
    assert [rate.wait_s("a") for _ in range(60)] == [0] * 60
    assert rate.wait_s("a") == pytest.approx(1)
    assert rate.wait_s("b") == 0
    now = 1.01
    assert rate.wait_s("a") == 0
    assert rate.wait_s("a") > 0
    now = 1000
    assert [rate.wait_s("a") for _ in range(61)][-2:] == [0, pytest.approx(1)]


def test_callers_are_not_remembered_without_end() -> None:
    rate = Rate(60)
    for number in range(20_000):
        rate.wait_s(str(number))
    assert len(rate._left) == 10_000


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", BUNDLES, ANALYZE, "/nowhere", "/openapi.json"]
)
def test_every_answer_has_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path, headers={"origin": "https://evil.example"}).headers
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    assert headers["content-security-policy"] == policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert len(headers["x-request-id"]) == 32
    assert not any(name.startswith("access-control") for name in headers)
    assert "server" not in headers


def test_a_page_may_have_a_policy_of_its_own(client: TestClient) -> None:
    from fastapi import Response

    @client.app.get("/page", include_in_schema=False)
    def page() -> Response:
        return Response("hello", headers={"Content-Security-Policy": "default-src 'self'"})

    told = client.get("/page").headers
    assert told.get_list("content-security-policy") == ["default-src 'self'"]
    assert told["x-frame-options"] == "DENY"
