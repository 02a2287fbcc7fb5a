"""JPEGs with segments that are missing, doubled, swapped or lie."""

import struct
from collections.abc import Iterator

import numpy as np

from corpus.hostile import Hostile, hostile
from corpus.seeds import SIZE_PX, photo, saved, seeds

START, END = b"\xff\xd8", b"\xff\xd9"
_TURNS = 8


def segment(marker: int, content: bytes) -> bytes:
    """Return one marker segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def parts(content: bytes) -> tuple[list[bytes], bytes]:
    """Return a file's segments up to the first scan's, and the scan with all that follows."""
    segments, at = [], 2
    while content[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4])
        segments.append(content[at:end])
        at = end
    return segments, content[at:]


def resized(content: bytes, width: int, height: int) -> bytes:
    """Return a JPEG that says another size."""
    segments, scan = parts(content)
    size = struct.pack(">HH", height, width)
    told = [s[:5] + size + s[9:] if s[1] in (0xC0, 0xC2) else s for s in segments]
    return START + b"".join(told) + scan


def files() -> Iterator[Hostile]:
    """Yield all of them."""
    for seed, content in seeds("jpeg").items():
        for turn in range(_TURNS):
            for what, changed in _changes(content, np.random.default_rng(turn)).items():
                yield hostile("jpeg", "segments", f"{what}-{seed}-{turn}", changed)
    for name, content in _built():
        yield hostile("jpeg", "built", name, content)


def _changes(content: bytes, random: np.random.Generator) -> dict[str, bytes]:
    segments, scan = parts(content)
    at = int(random.integers(len(segments)))
    chosen = bytearray(segments[at])
    chosen[int(random.integers(4, len(chosen)))] = int(random.integers(256))
    order = [segments[place] for place in random.permutation(len(segments))]
    lie = segments[at][:2] + random.bytes(2) + segments[at][4:]
    noisy = bytearray(scan)
    for place in random.integers(12, len(scan), 8):
        noisy[place] = int(random.integers(256))

    def joined(*pieces: bytes) -> bytes:
        return START + b"".join(pieces)

    return {
        "changed": joined(*segments[:at], bytes(chosen), *segments[at + 1 :], scan),
        "length": joined(*segments[:at], lie, *segments[at + 1 :], scan),
        "without": joined(*segments[:at], *segments[at + 1 :], scan),
        "twice": joined(*segments[: at + 1], *segments[at:], scan),
        "shuffled": joined(*order, scan),
        "scan": joined(*segments, bytes(noisy)),
    }


def _built() -> Iterator[tuple[str, bytes]]:
    base, progressive = seeds("jpeg")["baseline"], seeds("jpeg")["progressive"]
    height, width = SIZE_PX
    sizes = ((0, 0), (width, 0), (0, height), (65_535, 65_535), (65_535, 1), (1, 65_535), (9, 9))
    for name, content in (("baseline", base), ("progressive", progressive)):
        for size in sizes:
            yield f"says-{size[0]}x{size[1]}-{name}", resized(content, *size)
    segments, scan = parts(base)
    for marker in (0xC1, 0xC3, 0xC5, 0xC9, 0xCB, 0xCF, 0xF7):
        told = [bytes((0xFF, marker)) + s[2:] if s[1] == 0xC0 else s for s in segments]
        yield f"process-{marker:x}", START + b"".join(told) + scan
    for depth in (0, 1, 12, 16):
        told = [s[:4] + bytes((depth,)) + s[5:] if s[1] == 0xC0 else s for s in segments]
        yield f"depth-{depth}", START + b"".join(told) + scan
    for count in (0, 2, 5, 255):
        told = [s[:9] + bytes((count,)) + s[10:] if s[1] == 0xC0 else s for s in segments]
        yield f"components-{count}", START + b"".join(told) + scan
    yield "two-pictures", base + base
    yield "no-end", base[:-2]
    yield "only-ends", START + END
    yield "fill-bytes", START + b"\xff" * 5000 + base[2:]
    yield "many-segments", START + segment(0xE5, b"") * 5000 + base[2:]
    yield "comments", START + segment(0xFE, b"x" * 60_000) * 20 + base[2:]
    yield "photoshop", START + segment(0xED, b"Photoshop 3.0\0" + b"8BIM" * 90) + base[2:]
    pages = segment(0xE2, b"MPF\0II*\0\x08\0\0\0\1\0\1\xb0\4\0\1\0\0\0\xff\xff\xff\xff\0\0\0\0")
    yield "pages", START + pages + base[2:]
    profile = b"ICC_PROFILE\0"
    yield "profile", saved(photo(), "JPEG", icc_profile=b"\xff" * 100_000)
    yield "profile-parts", START + segment(0xE2, profile + b"\1\xff" + b"x" * 99) * 300 + base[2:]
    exif = b"Exif\0\0II*\0\x08\0\0\0"
    loop = exif + b"\1\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\x08\0\0\0"
    yield "exif-loop", START + segment(0xE1, loop) + base[2:]
    many = (
        exif
        + b"\xff\xff"
        + b"".join(struct.pack("<HHLL", tag, 7, 60_000, 8) for tag in range(5000))
    )
    yield "exif-many", START + segment(0xE1, many) + base[2:]
    yield "exif-cut", START + segment(0xE1, exif[:9]) + base[2:]
