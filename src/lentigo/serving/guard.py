"""Who may come in; and what every answer carries, whatever came of it."""

import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from lentigo.serving.metrics import Metrics
from lentigo.serving.problems import Problem, respond, retry_after
from lentigo.serving.rate import Rate
from lentigo.serving.settings import LOCAL_NAMES
from lentigo.serving.tokens import Tokens

log = logging.getLogger("lentigo.serving")

STRICT_CSP: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For answers that no browser should run; a page sets a Content-Security-Policy of its own."""

HEADERS: Final = {
    "content-security-policy": STRICT_CSP,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Set on every answer that has not set them itself."""

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

BEARER = HTTPBearer(auto_error=False, description="A token that 'lentigo token' made.")


class Door:
    """Lets callers in: by token and rate or, without tokens, only from this machine's own pages.

    Args:
        tokens: Who may ask; None: everyone that reaches the address.
        rate: How often.
        host: The address that is listened on.
    """

    def __init__(self, tokens: Tokens | None, rate: Rate, host: str) -> None:
        self._tokens = tokens
        self._rate = rate
        self._hosts = LOCAL_NAMES | {host}

    def admit(self, request: Request) -> None:
        """Let a request in; ``request.state.caller`` is then its token's name or None.

        Raises:
            Problem: It may not come in, or not yet.
        """
        address = request.client.host if request.client else ""
        if self._tokens is None:
            self._check_origin(request)
            self._count(f"address {address}")
            return
        scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
        name = self._tokens.name_of(token) if scheme.lower() == "bearer" and token else None
        if name is None:
            self._count(f"stranger {address}")
            raise Problem(
                401,
                "no-token",
                "expected the header 'Authorization: Bearer TOKEN' with a token of this server",
                {"WWW-Authenticate": "Bearer"},
            )
        request.state.caller = name
        self._count(f"token {name}")

    def _check_origin(self, request: Request) -> None:
        """Keep out web pages of others, which a browser here may have open.

        Without tokens the address is the only lock, and a browser on this machine is behind it:
        a page may send it requests (Sec-Fetch-Site tells), or give its own name this address (DNS
        rebinding; Host tells).
        """
        if _host_of(request) not in self._hosts:
            raise Problem(
                421,
                "wrong-host",
                "without tokens this server answers to its own address alone, such as 127.0.0.1",
            )
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Problem(403, "cross-site", "without tokens no other web site may use this server")

    def _count(self, caller: str) -> None:
        if wait_s := self._rate.wait_s(caller):
            raise Problem(429, "too-often", "too many requests in a minute", retry_after(wait_s))


def _host_of(request: Request) -> str | None:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:  # such as half an IPv6 address
        return None


class Envelope:
    """ASGI middleware: names each request, adds the headers, counts, and writes one line of log.

    The line holds the request's name, method, route (a template, never the path that was sent),
    status, seconds, the token's name, and the problem's code. Nothing that a caller sent goes into
    it.
    """

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state.update(request_id=uuid.uuid4().hex, caller=None, refusal=None)
        began, status = time.perf_counter(), 0

        async def enveloped(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": _with_headers(message, state["request_id"])}
            await send(message)

        try:
            await self._app(scope, receive, enveloped)
        except Exception:
            log.exception("request=%s failed", state["request_id"])
            if not status:
                state["refusal"] = "internal"
                detail = "the server failed; its log tells why under this request's name"
                fault = respond(Problem(500, "internal", detail), state["request_id"])
                await fault(scope, receive, enveloped)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        state, route = scope["state"], getattr(scope.get("route"), "path", "other")
        self._metrics.count_request(route, scope["method"], status, seconds)
        if state["refusal"]:
            self._metrics.count_refusal(state["refusal"])
        log.info(
            "request=%s method=%s route=%s status=%d seconds=%.3f caller=%s%s",
            state["request_id"],
            scope["method"] if scope["method"].isalpha() else "other",
            route,
            status,
            seconds,
            state["caller"] or "-",
            f" refusal={state['refusal']}" if state["refusal"] else "",
        )


def _with_headers(message: MutableMapping[str, Any], request_id: str) -> list[tuple[bytes, bytes]]:
    headers = list(message.get("headers", []))
    there = {name.lower() for name, _ in headers}
    added = {**HEADERS, "x-request-id": request_id}
    return headers + [
        (name.encode(), value.encode())
        for name, value in added.items()
        if name.encode() not in there
    ]
