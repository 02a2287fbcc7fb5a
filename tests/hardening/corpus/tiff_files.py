"""TIFFs whose directory lies."""

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from corpus.hostile import Hostile, hostile
from corpus.png_files import zeros
from corpus.seeds import drawn, seeds

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
OFFSETS, SAMPLES, ROWS, COUNTS, PLANAR = 273, 277, 278, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325
FORMAT = 339
DEFLATE, LZW = 8, 5
_LONG = 4
_EXTREMES: Final = (0, 1, 7, 65_535, 2**31, 2**32 - 1)
_HEAD = 8


def tiff(tags: Mapping[int, int | Sequence[int]], data: bytes, following: int = 0) -> bytes:
    """Return a little-endian TIFF of one directory; every value is a LONG.

    Args:
        tags: Values by tag. Offsets in them count from where ``data`` begins, at byte 8.
        data: What stands before the directory.
        following: Where the next directory is; 0: there is none.
    """
    data += bytes(len(data) % 2)
    directory_at = _HEAD + len(data)
    values_at = directory_at + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, value in sorted(tags.items()):
        numbers = [value] if isinstance(value, int) else list(value)
        packed = struct.pack(f"<{len(numbers)}L", *numbers)
        place = packed if len(numbers) == 1 else struct.pack("<L", values_at + len(values))
        values += packed if len(numbers) > 1 else b""
        entries += struct.pack("<HHL", tag, _LONG, len(numbers)) + place
    head = b"II*\0" + struct.pack("<L", directory_at)
    count = struct.pack("<H", len(tags))
    return head + data + count + entries + struct.pack("<L", following) + values


def grey(width: int, height: int, data: bytes, **changed: int | Sequence[int]) -> bytes:
    """Return an 8-bit grey TIFF of one strip, with tags by their names above changed."""
    tags: dict[int, int | Sequence[int]] = {
        WIDTH: width,
        HEIGHT: height,
        BITS: 8,
        COMPRESSION: 1,
        PHOTOMETRIC: 1,
        OFFSETS: _HEAD,
        SAMPLES: 1,
        ROWS: height,
        COUNTS: len(data),
    }
    return tiff(tags | {globals()[name]: value for name, value in changed.items()}, data)


def floats(values: np.ndarray) -> bytes:
    """Return a 32-bit float TIFF."""
    height, width = values.shape
    return grey(width, height, values.astype("<f4").tobytes(), BITS=32, FORMAT=3)


def files() -> Iterator[Hostile]:
    """Yield all of them."""
    for seed, content in seeds("tiff").items():
        if content[2] == 42:
            for name, changed in _lies(content):
                yield hostile("tiff", "lying directory", f"{seed}-{name}", changed)
    for name, content in _floats():
        yield hostile("tiff", "values without a range", name, content)
    for name, content in _built():
        yield hostile("tiff", "built", name, content)


def _lies(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give each entry of the first directory some extreme value or count."""
    order = "<" if content[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}L", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, at)
    for entry in range(count):
        place = at + 2 + 12 * entry
        (tag,) = struct.unpack_from(f"{order}H", content, place)
        value = _EXTREMES[(tag + entry) % len(_EXTREMES)]
        lie = struct.pack(f"{order}L", value)
        yield f"value-{tag}", content[: place + 8] + lie + content[place + 12 :]
        yield f"count-{tag}", content[: place + 4] + lie + content[place + 8 :]
        yield f"type-{tag}", content[: place + 2] + b"\x0d\x0d" + content[place + 4 :]


def _floats() -> Iterator[tuple[str, bytes]]:
    sound = drawn()[..., 0] / np.float32(255)
    for name, value in (
        ("nan", np.nan),
        ("infinity", np.inf),
        ("minus-infinity", -np.inf),
        ("negative", -0.5),
        ("large", 3e38),
        ("tiny", 1e-42),
    ):
        one = sound.copy()
        one[5, 5] = value
        yield f"float-one-{name}", floats(one)
        yield f"float-all-{name}", floats(np.full_like(sound, value))
    whole = np.full((48, 64), 2**31 - 1, "<i4")
    yield "int32", grey(64, 48, whole.tobytes(), BITS=32, FORMAT=2)
    yield "int32-negative", grey(64, 48, (-whole).tobytes(), BITS=32, FORMAT=2)
    yield "uint32", grey(64, 48, b"\xff" * 4 * 64 * 48, BITS=32)
    yield "double", grey(64, 48, bytes(8 * 64 * 48), BITS=64, FORMAT=3)


def _built() -> Iterator[tuple[str, bytes]]:
    pixels = bytes(64 * 48)
    yield "directory-of-itself", tiff({WIDTH: 64, HEIGHT: 48}, pixels, following=_HEAD + 3072)
    yield "directory-outside", b"II*\0" + struct.pack("<L", 2**32 - 1) + pixels
    yield "directory-in-header", b"II*\0" + struct.pack("<L", 0) + pixels
    yield "directories-many", _chain(2000)
    yield "entries-many", b"II*\0\x08\0\0\0\xff\xff" + b"\0\1\4\0\1\0\0\0\1\0\0\0" * 20_000
    yield "strips-many", grey(1, 9000, bytes(9000), OFFSETS=[8] * 9000, COUNTS=[1] * 9000, ROWS=1)
    yield "strips-none", grey(64, 48, pixels, ROWS=0)
    yield "strip-beyond", grey(64, 48, pixels, OFFSETS=2**31)
    yield "strip-short", grey(64, 48, pixels[:100])
    yield "deflate-short", grey(64, 48, zlib.compress(pixels)[:9], COMPRESSION=DEFLATE)
    yield "deflate-noise", grey(64, 48, b"\xff" * 500, COMPRESSION=DEFLATE)
    yield "deflate-more", grey(8, 8, zeros(50_000_000), COMPRESSION=DEFLATE)
    for name, number in (("old-jpeg", 6), ("webp", 50_001), ("thunder", 32_809), ("none", 9999)):
        yield f"coding-{name}", grey(64, 48, pixels, COMPRESSION=number)
    for width, height in ((0, 0), (0, 48), (2**32 - 1, 2**32 - 1), (2**31, 1), (100_000, 100_000)):
        yield f"says-{width}x{height}", grey(width, height, pixels)
    for samples in (0, 2, 3, 5, 255, 65_535):
        yield f"samples-{samples}", grey(64, 48, pixels, SAMPLES=samples)
    for photometric in (0, 2, 3, 4, 5, 6, 8, 32_803, 65_535):
        yield f"photometric-{photometric}", grey(64, 48, pixels, PHOTOMETRIC=photometric)
    tiled = {TILE_WIDTH: 2**20, TILE_HEIGHT: 2**20, TILE_OFFSETS: 8, TILE_COUNTS: 3072}
    size = {WIDTH: 64, HEIGHT: 48, BITS: 8, PHOTOMETRIC: 1, SAMPLES: 1}
    for coding in (1, LZW, DEFLATE):
        yield f"tile-vast-{coding}", tiff(size | {COMPRESSION: coding} | tiled, pixels)
    yield "tile-nothing", tiff(size | tiled | {TILE_WIDTH: 0, TILE_HEIGHT: 0}, pixels)
    big = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16)
    yield "big-counts", big + struct.pack("<QHHQQ", 1, 256, 16, 2**63, 2**63)
    yield "big-entries", big + struct.pack("<Q", 2**64 - 1) + bytes(2000)


def _chain(count: int) -> bytes:
    """Return directories that each point to the next, the last to the first."""
    places = [_HEAD + 18 * at for at in range(count)]
    directories = [
        struct.pack("<HHHLLL", 1, WIDTH, _LONG, 1, 64, following)
        for following in [*places[1:], places[0]]
    ]
    return b"II*\0\x08\0\0\0" + b"".join(directories)
