"""PNGs whose checksums are right, so that what is wrong reaches the decoder."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from corpus.hostile import Hostile, hostile
from corpus.seeds import seeds

Chunk: TypeAlias = tuple[bytes, bytes]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TURNS = 12
_DEEP = 2**31 - 1


def png(chunks: Sequence[Chunk]) -> bytes:
    """Return chunks as a file."""
    return SIGNATURE + b"".join(map(_packed, chunks))


def header(width: int, height: int, depth: int = 8, colour: int = 2, interlace: int = 0) -> Chunk:
    """Return IHDR."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)


def plain(width: int, height: int, colour: int = 0, depth: int = 8) -> bytes:
    """Return a black picture of any size, as small as deflate makes it."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + (width * channels * depth + 7) // 8)
    packer = zlib.compressobj(1)
    rows_at_once = max(1, 4_000_000 // len(row))
    parts = [
        packer.compress(row * min(rows_at_once, height - at))
        for at in range(0, height, rows_at_once)
    ]
    pixels = b"".join(parts) + packer.flush()
    palette = [(b"PLTE", bytes(3))] if colour == 3 else []
    return png([header(width, height, depth, colour), *palette, (b"IDAT", pixels), END])


def zeros(count: int, level: int = 9) -> bytes:
    """Return that many zeros, deflated piece by piece."""
    packer = zlib.compressobj(level)
    piece = bytes(1_000_000)
    return b"".join(packer.compress(piece) for _ in range(count // len(piece))) + packer.flush()


END: Chunk = (b"IEND", b"")


def files() -> Iterator[Hostile]:
    """Yield all of them."""
    for seed, content in seeds("png").items():
        chunks = _chunks(content)
        for turn in range(_TURNS):
            random = np.random.default_rng([turn, len(content)])
            for what, changed in _changes(chunks, random).items():
                name = f"mended-{seed}-{what}-{turn}"
                yield hostile("png", "checksums mended", name, png(changed))
    for name, content in _built():
        yield hostile("png", "built", name, content)


def _changes(chunks: Sequence[Chunk], random: np.random.Generator) -> dict[str, list[Chunk]]:
    """Return the chunks in wrong number, in wrong order, and with wrong content."""
    at = int(random.integers(len(chunks)))
    name, content = chunks[at]
    broken = bytearray(content or b"\0")
    for place in random.integers(0, len(broken), 3):
        broken[place] = int(random.integers(256))
    order = list(random.permutation(len(chunks)))
    return {
        "content": [*chunks[:at], (name, bytes(broken)), *chunks[at + 1 :]],
        "twice": [*chunks[: at + 1], *chunks[at:]],
        "without": [*chunks[:at], *chunks[at + 1 :]],
        "shuffled": [chunks[place] for place in order],
        "renamed": [*chunks[:at], (random.bytes(4), content), *chunks[at + 1 :]],
    }


def _built() -> Iterator[tuple[str, bytes]]:
    small = zlib.compress(bytes(49 * 64))
    for width, height in ((0, 0), (0, 9), (9, 0), (_DEEP, _DEEP), (100_000, 100_000), (_DEEP, 1)):
        for colour in (0, 3, 6):
            chunks = [header(width, height, colour=colour), (b"IDAT", small), END]
            yield f"says-{width}x{height}-{colour}", png(chunks)
    for depth in (0, 1, 3, 16, 32, 255):
        for colour in (0, 1, 2, 3, 5, 7, 255):
            chunks = [header(8, 8, depth, colour), (b"IDAT", small), END]
            yield f"depth-{depth}-colour-{colour}", png(chunks)
    indexed = (header(8, 8, 8, 3), (b"PLTE", b"\1\2\3"), (b"IDAT", zlib.compress(b"\xff" * 72)))
    yield "palette-out-of-range", png([*indexed, END])
    yield "palette-missing", png([indexed[0], indexed[2], END])
    yield "palette-odd", png([indexed[0], (b"PLTE", b"\1\2\3\4"), indexed[2], END])
    yield "palette-transparent", png([*indexed[:2], (b"tRNS", b"\0" * 300), indexed[2], END])
    yield "no-idat", png([header(8, 8), END])
    yield "deflate-broken", png([header(8, 8), (b"IDAT", b"\x78\x9c" + b"\xff" * 99), END])
    yield "interlaced", png([header(64, 49, 8, 0, 1), (b"IDAT", small), END])
    yield "frames", png([header(8, 8), (b"acTL", b"\x7f\xff\xff\xff" * 2), (b"IDAT", small), END])
    yield "length-lie", SIGNATURE + b"\xff\xff\xff\xf0IHDR" + bytes(20)


def _chunks(content: bytes) -> list[Chunk]:
    chunks, at = [], len(SIGNATURE)
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def _packed(chunk: Chunk) -> bytes:
    name, content = chunk
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
