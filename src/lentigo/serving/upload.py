"""A request's body, read within limits and kept in memory; names of files are never looked at."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from lentigo.serving.problems import Problem, busy

FORM: Final = "multipart/form-data"
RAW_TYPES: Final = ("application/octet-stream", "application/dicom")
PARTS: Final = ("image", "outline")


@dataclass(frozen=True)
class Upload:
    """What a caller has sent."""

    image: bytes
    outline: bytes | None = None


class Memory:
    """How many bytes of bodies a worker holds.

    Args:
        limit: Bytes of all bodies together.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    @contextmanager
    def lease(self) -> Iterator["Lease"]:
        """Hold one body; its bytes are free again when the block ends."""
        lease = Lease(self)
        try:
            yield lease
        finally:
            self.held -= lease.size

    def take(self, size: int) -> None:
        """Count more bytes.

        Raises:
            Problem: 503, there is no room for them.
        """
        if self.held + size > self._limit:
            raise busy("uploads-full", "too many images are being sent at once; come again", 1)
        self.held += size


@dataclass
class Lease:
    """One body's share of the memory."""

    memory: Memory
    size: int = 0

    def add(self, size: int) -> None:
        """Count more bytes of the body; raises as :meth:`Memory.take`."""
        self.memory.take(size)
        self.size += size


async def receive(request: Request, lease: Lease, limit: int, timeout_s: float) -> Upload:
    """Read a request's body: a form with the part ``image``, or an image as it is.

    Args:
        request: Its body is unread.
        lease: Counts the bytes.
        limit: Bytes that the body may have.
        timeout_s: How long all of it may take.

    Raises:
        Problem: It is too large, too slow, or not of a kind that is taken.
        ClientDisconnect: The caller went away.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    told = kind.decode("latin-1").lower()
    body = _Form(options.get(b"boundary")) if told == FORM else _Raw(told)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "content-encoding", "expected a body without Content-Encoding")
    if _claimed(request) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.stream():
                lease.add(len(chunk))
                if lease.size > limit:
                    raise _too_large(limit)
                body.write(chunk)
        return body.finish()
    except TimeoutError as error:
        detail = f"the body did not arrive within {timeout_s:g} s"
        raise Problem(408, "slow-upload", detail) from error
    finally:
        body.clear()


async def gone(request: Request) -> None:
    """Return when the caller has gone away; the body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _claimed(request: Request) -> int:
    """Return Content-Length; 0 where it is not told (what is sent is counted all the same)."""
    told = request.headers.get("content-length", "")
    return int(told) if re.fullmatch(r"[0-9]{1,20}", told) else 0


def _too_large(limit: int) -> Problem:
    return Problem(
        413, "too-large", f"the body has more than {limit:,} bytes; send a smaller image"
    )


class _Raw:
    """A body that is the image."""

    def __init__(self, kind: str) -> None:
        if kind and kind not in RAW_TYPES and not kind.startswith("image/"):
            raise Problem(
                415,
                "content-type",
                f"Content-Type is '{kind[:80]}'; expected an image as it is, with its type such as "
                f"image/jpeg or {RAW_TYPES[0]}, or {FORM} with the part 'image'",
            )
        self._content = bytearray()

    def write(self, chunk: bytes) -> None:
        self._content += chunk

    def finish(self) -> Upload:
        return Upload(bytes(self._content))

    def clear(self) -> None:
        self._content.clear()


@dataclass
class _Part:
    disposition: bytes = b""
    header: bytes = b""
    value: bytes = b""
    content: bytearray = field(default_factory=bytearray)


class _Form:
    """A body of parts."""

    def __init__(self, boundary: bytes | None) -> None:
        if not boundary:
            raise Problem(400, "bad-form", f"{FORM} needs a boundary in Content-Type")
        self._parts: dict[str, bytearray] = {}
        self._part = _Part()
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._on_header,
                    "on_header_value": self._on_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._admit,
                    "on_part_data": self._on_data,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise Problem(400, "bad-form", f"the boundary is not valid ({error})") from error

    def write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise Problem(400, "bad-form", f"the form cannot be read ({error})") from error

    def finish(self) -> Upload:
        if not self._ended:
            raise Problem(400, "bad-form", "the form ends before its last boundary")
        if "image" not in self._parts:
            raise Problem(422, "no-image", "the form has no part 'image'")
        outline = self._parts.get("outline")
        return Upload(bytes(self._parts["image"]), None if outline is None else bytes(outline))

    def clear(self) -> None:
        """Let go of all bytes now: the parser refers back here, and would hold them for a while."""
        for content in self._parts.values():
            content.clear()

    def _begin(self) -> None:
        self._part = _Part()

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _end_header(self) -> None:
        if self._part.header.lower() == b"content-disposition":
            self._part.disposition = self._part.value
        self._part.header = self._part.value = b""

    def _admit(self) -> None:
        _, options = parse_options_header(self._part.disposition)
        name = options.get(b"name", b"").decode("latin-1")
        if name not in PARTS:
            detail = (
                f"the form has a part '{name[:80]}'; expected 'image' and, if need be, 'outline'"
            )
            raise Problem(422, "unknown-part", detail)
        if name in self._parts:
            raise Problem(422, "part-twice", f"the form has the part '{name}' twice")
        self._parts[name] = self._part.content

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._part.content += data[start:end]

    def _end(self) -> None:
        self._ended = True
