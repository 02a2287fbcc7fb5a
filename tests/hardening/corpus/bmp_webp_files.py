"""BMPs and WebPs whose headers lie."""

import struct
from collections.abc import Iterator

from corpus.hostile import Hostile, hostile
from corpus.seeds import seeds

_INTEGERS = (0, -1, 1, 7, 65_535, 2**31 - 1, -(2**31))
_FIELDS = {
    "offset": 10,
    "header": 14,
    "width": 18,
    "height": 22,
    "image-size": 34,
    "colours": 46,
}
_SHORTS = {"planes": 26, "bits": 28, "compression": 30}


def files() -> Iterator[Hostile]:
    """Yield all of them."""
    for seed in ("rgb", "grey"):
        for name, content in _bmp(seeds("bmp")[seed]):
            yield hostile("bmp", "lying header", f"{seed}-{name}", content)
    for name, content in _webp():
        yield hostile("webp", "built", name, content)


def _bmp(content: bytes) -> Iterator[tuple[str, bytes]]:
    for field, at in _FIELDS.items():
        for value in _INTEGERS:
            lie = struct.pack("<i", value)
            yield f"{field}-{value}", content[:at] + lie + content[at + 4 :]
    for field, at in _SHORTS.items():
        for value in (0, 1, 2, 3, 4, 7, 32, 255, 65_535):
            lie = struct.pack("<H", value)
            yield f"{field}-{value}", content[:at] + lie + content[at + 2 :]
    runs = content[:30] + b"\1\0" + content[32:54] + b"\xff\1" * 3000
    yield "runs-too-long", runs
    yield "runs-jump", content[:30] + b"\1\0" + content[32:54] + b"\0\2\xff\xff" * 3000


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return chunks as a WebP file."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<L", len(content)) + content + bytes(len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<L", len(body)) + body


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    """Return a VP8X chunk."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", struct.pack("<L", flags) + size


def _webp() -> Iterator[tuple[str, bytes]]:
    lossy, animated = seeds("webp")["lossy"], seeds("webp")["animated"]
    picture = (lossy[12:16], lossy[20:])
    for size in ((1, 1), (16_384, 16_384), (16_777_216, 255), (16_777_216, 16_777_216)):
        for flags in (0, 2, 0xFF):
            name = f"canvas-{size[0]}x{size[1]}-{flags}"
            yield name, riff(canvas(*size, flags), picture)
    for value in (0, 4, 2**31, 2**32 - 1):
        lie = struct.pack("<L", value)
        yield f"riff-size-{value}", lossy[:4] + lie + lossy[8:]
        yield f"chunk-size-{value}", lossy[:16] + lie + lossy[20:]
    frames = animated.index(b"ANMF")
    yield (
        "frames-many",
        riff((b"VP8X", animated[20:30]), (b"ANIM", bytes(6))) + (animated[frames:] * 100),
    )
    yield "frames-only", riff((b"ANMF", animated[frames + 8 :]))
    yield "frame-outside", animated[: frames + 8] + b"\xff" * 12 + animated[frames + 20 :]
    yield "size-zero", lossy[:26] + bytes(4) + lossy[30:]
    yield "size-16383", lossy[:26] + b"\xff\x3f\xff\x3f" + lossy[30:]
    yield "exif-noise", riff(canvas(64, 48, 8), picture, (b"EXIF", b"II*\0\x08\0\0\0\xff\xff" * 50))
    yield "profile-noise", riff(canvas(64, 48, 32), (b"ICCP", b"\xff" * 5000), picture)
