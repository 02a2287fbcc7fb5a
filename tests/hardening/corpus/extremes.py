"""Few bytes that become many, slow decoders, and pictures of odd shapes."""

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO

import numpy as np
from dicom_files import dataset, jpeg, with_pixels
from PIL import Image
from pydicom import uid

from corpus import jpeg_files, tiff_files
from corpus.bmp_webp_files import canvas, riff
from corpus.hostile import Hostile, hostile
from corpus.png_files import END, header, plain, png, zeros
from corpus.seeds import dicom_bytes, saved, seeds
from lentigo.imaging.read import MAX_PIXELS

_SIDE = int(MAX_PIXELS**0.5)
_BODY = 19_900_000
"""Just below the server's limit for a body."""


def files() -> Iterator[Hostile]:
    """Yield all of them."""
    for kind, name, content in _shapes():
        yield hostile(kind, "odd shape", name, content)
    for kind, name, content in _bombs():
        yield hostile(kind, "bomb", name, content)
    for kind, name, content in _slow():
        yield hostile(kind, "slow to decode", name, content)


def _shapes() -> Iterator[tuple[str, str, bytes]]:
    for width, height in (
        *((1, 1), (2, 2), (1, 2), (3, 1), (1, 100), (100, 1), (65_535, 1), (1, 65_535)),
        *((16_384, 2), (2, 16_384), (1_000_000, 1), (1, 1_000_000), (30_000, 9)),
    ):
        size = f"{width}x{height}"
        yield "png", size, plain(width, height, colour=2)
        yield "tiff", size, tiff_files.grey(width, height, bytes(width * height))
        if max(width, height) <= 65_500:
            image = Image.new("RGB", (width, height), (90, 60, 50))
            yield "jpeg", size, saved(image, "JPEG")
            yield "bmp", size, saved(image, "BMP")
            pixels = np.asarray(image)
            ds = with_pixels(dataset(), [pixels.tobytes()], pixels.shape, "RGB")
            yield "dicom", size, dicom_bytes(ds)
        if max(width, height) <= 16_383:
            yield "webp", size, saved(Image.new("RGB", (width, height)), "WEBP")
    for width, height in ((MAX_PIXELS, 1), (1, MAX_PIXELS), (MAX_PIXELS // 2, 2)):
        yield "png", f"limit-{width}x{height}", plain(width, height)


def _bombs() -> Iterator[tuple[str, str, bytes]]:
    for colour, depth in ((0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 8), (4, 8), (6, 8)):
        yield "png", f"limit-{colour}-{depth}", plain(_SIDE, _SIDE, colour, depth)
    yield "png", "over-limit", plain(_SIDE + 1, _SIDE + 1)
    much = _billion_zeros()
    yield "png", "more-than-it-says", png([header(8, 8), (b"IDAT", much), END])
    sound = zlib.compress(bytes(8 * 25))
    for name, head in ((b"zTXt", b"a\0\0"), (b"iCCP", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0")):
        chunks = [header(8, 8), (name, head + much), (b"IDAT", sound), END]
        yield "png", f"text-{name.decode()}", png(chunks)
    texts = [(b"zTXt", b"%d\0\0" % at + zeros(1_000_000)) for at in range(200)]
    yield "png", "texts-many", png([header(8, 8), *texts, (b"IDAT", sound), END])
    for coding in ("tiff_adobe_deflate", "tiff_lzw", "zstd", "packbits"):
        image = Image.new("L", (_SIDE, _SIDE))
        yield "tiff", f"limit-{coding}", saved(image, "TIFF", compression=coding)
    fax = Image.new("1", (_SIDE, _SIDE))
    yield "tiff", "limit-fax", saved(fax, "TIFF", compression="group4")
    yield "tiff", "limit-float", _deflated_floats()
    yield "tiff", "tile", _tile_bomb()
    yield "tiff", "values-overlap", _overlapping_values()
    white = Image.new("RGB", (16_383, 5_461), "white")
    yield "webp", "limit", saved(white, "WEBP", lossless=True, method=0)
    lossy = seeds("webp")["lossy"]
    frame = bytes(6) + (63).to_bytes(3, "little") + (47).to_bytes(3, "little") + bytes(4)
    frames = [(b"ANMF", frame + lossy[12:])] * 2000
    yield "webp", "frames-2000", riff(canvas(9_000, 9_000, 2), (b"ANIM", bytes(6)), *frames)
    yield "jpeg", "limit", saved(Image.new("RGB", (_SIDE, _SIDE)), "JPEG", quality=1)
    yield "jpeg", "limit-cmyk", saved(Image.new("CMYK", (_SIDE, _SIDE)), "JPEG", quality=1)
    yield "bmp", "limit-runs", _long_runs()
    yield "dicom", "runs", _runs_bomb(1, 1)
    yield "dicom", "runs-megapixel", _runs_bomb(1000, 1000)
    yield "dicom", "jpeg-larger-than-said", _larger_than_said()


def _slow() -> Iterator[tuple[str, str, bytes]]:
    base = seeds("jpeg")["baseline"]
    start = jpeg_files.START
    yield "jpeg", "fill-bytes", start + b"\xff" * (_BODY - len(base)) + base[2:]
    yield "jpeg", "junk", start + base[2:20] + bytes(_BODY - len(base)) + base[20:]
    empty = jpeg_files.segment(0xE5, b"")
    yield "jpeg", "segments", start + empty * ((_BODY - len(base)) // 4) + base[2:]
    yield "jpeg", "scans", _many_scans(3000)
    yield "jpeg", "exif", _exif_bomb(base)
    chunk = png([(b"vpAg", b"")])[8:]
    small = plain(64, 48)
    yield "png", "chunks", small[:33] + chunk * ((_BODY - len(small)) // 12) + small[33:]
    yield "png", "texts", small[:33] + png([(b"tEXt", b"a\0")])[8:] * 1_000_000 + small[33:]
    pieces = png([(b"IDAT", b"")])[8:] * 1_000_000
    yield "png", "idats", small[:33] + pieces + small[33:]
    strips = 1_000_000
    tags = {"OFFSETS": [8] * strips, "COUNTS": [1] * strips, "ROWS": 1}
    yield "tiff", "strips", tiff_files.grey(1, strips, b"\0", **tags)
    entries = b"".join(struct.pack("<HHQQ", at % 65_536, 4, 1, 1) for at in range(900_000))
    big = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 900_000)
    yield "tiff", "big-entries", big + entries + bytes(8)
    yield "dicom", "runs-of-one", _runs_of_one()
    yield "dicom", "elements", _many_elements()
    yield "dicom", "fragments", _many_fragments()


@cache
def _billion_zeros() -> bytes:
    return zeros(1_000_000_000, level=1)


def _deflated_floats() -> bytes:
    side = _SIDE
    packed = zeros(4 * side * side // 1_000_000 * 1_000_000 + 1_000_000)
    return tiff_files.grey(side, side, packed, BITS=32, FORMAT=3, COMPRESSION=tiff_files.DEFLATE)


def _tile_bomb() -> bytes:
    """Return a picture of 64×48 pixels in one tile of a billion."""
    data = _billion_zeros()
    tags = {
        tiff_files.WIDTH: 64,
        tiff_files.HEIGHT: 48,
        tiff_files.BITS: 8,
        tiff_files.COMPRESSION: tiff_files.DEFLATE,
        tiff_files.PHOTOMETRIC: 1,
        tiff_files.SAMPLES: 1,
        tiff_files.TILE_WIDTH: 31_616,
        tiff_files.TILE_HEIGHT: 31_616,
        tiff_files.TILE_OFFSETS: 8,
        tiff_files.TILE_COUNTS: len(data),
    }
    return tiff_files.tiff(tags, data)


def _overlapping_values() -> bytes:
    """Return a directory of 65,535 entries that all hold the same megabytes."""
    entries = b"".join(struct.pack("<HHLL", tag, 7, 4_000_000, 8) for tag in range(65_535))
    return b"II*\0" + struct.pack("<LH", 8, 65_535) + entries + bytes(4_000_000)


def _exif_bomb(base: bytes) -> bytes:
    """Return a JPEG whose EXIF, in many segments, says the same megabyte thousands of times."""
    entries = b"".join(struct.pack("<HHLL", tag, 7, 1_000_000, 8) for tag in range(65_535))
    tags = b"II*\0" + struct.pack("<LH", 8, 65_535) + entries + bytes(1_000_000)
    pieces = [tags[at : at + 65_000] for at in range(0, len(tags), 65_000)]
    told = b"".join(jpeg_files.segment(0xE1, b"Exif\0\0" + piece) for piece in pieces)
    return jpeg_files.START + told + base[2:]


def _many_scans(count: int) -> bytes:
    """Return a progressive JPEG near the pixel limit with one scan again and again."""
    content = saved(Image.new("L", (_SIDE, _SIDE)), "JPEG", progressive=True, quality=1)
    at = content.rindex(b"\xff\xda")
    return content[:-2] + content[at:-2] * count + content[-2:]


def _long_runs() -> bytes:
    side = 9_000
    head = saved(Image.new("L", (8, 8)), "BMP")[:1078]
    size = struct.pack("<ii", side, side)
    told = head[:18] + size + head[26:30] + b"\1\0\0\0" + head[34:]
    return told + (b"\xff\1" * (side // 255) + bytes((side % 255, 1)) + b"\0\0") * side + b"\0\1"


def _runs_bomb(rows: int, columns: int) -> bytes:
    """Return an RLE frame whose only plane goes on and on."""
    runs = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * ((_BODY - 2000) // 2)
    return _grey_runs(runs, rows, columns)


def _runs_of_one() -> bytes:
    """Return an RLE frame of literal runs of one byte, the most there can be."""
    rows, columns = 3000, 3300
    runs = struct.pack("<16L", 1, 64, *[0] * 14) + b"\0\7" * (rows * columns)
    return _grey_runs(runs, rows, columns)


def _grey_runs(runs: bytes, rows: int, columns: int) -> bytes:
    ds = with_pixels(dataset(), [runs], (rows, columns), "MONOCHROME2", uid.RLELossless)
    return dicom_bytes(ds)


def _larger_than_said() -> bytes:
    stream = jpeg(np.zeros((4000, 4000, 3), np.uint8))
    ds = with_pixels(dataset(), [stream], (8, 8, 3), "YBR_FULL_422", uid.JPEGBaseline8Bit)
    return dicom_bytes(ds)


def _many_elements() -> bytes:
    """Return a header of a million elements before the pixels."""
    content = seeds("dicom")["rgb-explicit"]
    at = content.index(bytes.fromhex("e07f1000"))
    stream = BytesIO()
    for number in range(1_000_000):
        stream.write(struct.pack("<HH2sH", 0x0029 + 2 * (number >> 16), number & 0xFFFF, b"LO", 0))
    return content[:at] + stream.getvalue() + content[at:]


def _many_fragments() -> bytes:
    content = seeds("dicom")["jpeg"]
    at = content.index(bytes.fromhex("e07f1000")) + 12
    empty = bytes.fromhex("feff00e000000000")
    return content[: at + 8] + empty * 2_000_000 + content[at + 8 :]
