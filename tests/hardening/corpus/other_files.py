"""Files that are something else, two things at once, or go by a wrong name."""

from collections.abc import Iterator
from io import BytesIO
from zipfile import ZipFile, ZipInfo

import numpy as np

from corpus.hostile import TYPES, Hostile
from corpus.seeds import photo, saved, seeds

_MAGIC = {
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "tiff": b"II*\x00",
    "big-tiff": b"MM\x00+",
    "bmp": b"BM",
    "webp": b"RIFF\x10\0\0\0WEBP",
    "gif": b"GIF89a",
    "heic": b"\0\0\0\x18ftypheic",
    "dicom": bytes(128) + b"DICM",
    "elf": b"\x7fELF",
    "windows": b"MZ",
    "gzip": b"\x1f\x8b\x08",
}
_SCRIPT = b"=1;/*" + bytes(40) + b"*/alert(1)//"
_EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n"
    b"(/etc/passwd) (r) file { dup read not { exit } if } loop\nshowpage\n"
)


def files() -> Iterator[Hostile]:
    """Yield all of them."""
    for name, content in _foreign().items():
        for kind in TYPES:
            yield _under("another kind", name, content, kind)
    for name, content in _two_at_once().items():
        for kind in ("jpeg", "png", "dicom"):
            yield _under("two kinds at once", name, content, kind)
    for kind in TYPES:
        content = next(iter(seeds(kind).values()))
        for other in TYPES:
            if other != kind:
                yield _under("wrong extension", f"{kind}-as", content, other)
    for name, magic in _MAGIC.items():
        for length in (0, 1, 100, 5000):
            random = np.random.default_rng(length)
            content = magic + random.bytes(length)
            yield Hostile("only a signature", f"{name}-{length}.jpg", content, "image/jpeg")
    for name, content in (("empty", b""), ("one", b"\0"), ("zeros", bytes(1000))):
        yield Hostile("empty", f"{name}.bin", content, None)
    yield Hostile("too many bytes", "zeros-21.jpg", bytes(21_000_000), "image/jpeg")
    long = seeds("jpeg")["baseline"] + bytes(21_000_000)
    yield Hostile("too many bytes", "long-tail.jpg", long, "image/jpeg")
    tail = seeds("jpeg")["baseline"] + bytes(19_000_000)
    yield Hostile("two kinds at once", "tail.jpg", tail, "application/octet-stream")


def _under(family: str, name: str, content: bytes, kind: str) -> Hostile:
    content_type, extension = TYPES[kind]
    return Hostile(family, f"{name}-{extension}.{extension}", content, content_type)


def _foreign() -> dict[str, bytes]:
    return {
        "eps": _EPS,
        "dos-eps": b"\xc5\xd0\xd3\xc6" + bytes(26) + _EPS,
        "svg": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        b'<svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        "html": b"<!doctype html><script>alert(1)</script>",
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "text": "Muttermal, Rücken links\n".encode() * 50,
        "json": b'{"image": "../../etc/passwd"}',
        "zip": _zip(),
        "gif": saved(photo(), "GIF"),
        "gif-frames": saved(photo(), "GIF", save_all=True, append_images=[photo()] * 50),
        "jpeg-2000": saved(photo(), "JPEG2000"),
        "icon": saved(photo(), "ICO"),
        "ppm": saved(photo(), "PPM"),
        "tga": saved(photo(), "TGA"),
        "qoi": b"qoif" + bytes(3000),
        "psd": b"8BPS\0\1" + bytes(3000),
        "fits": b"SIMPLE  =                    T" + b" " * 3000,
        "hdf": b"\x89HDF\r\n\x1a\n" + bytes(3000),
    }


def _two_at_once() -> dict[str, bytes]:
    jpeg, png = seeds("jpeg")["baseline"], seeds("png")["rgb"]
    return {
        "jpeg-and-zip": jpeg + _zip(),
        "gif-and-script": b"GIF89a" + _SCRIPT + saved(photo(), "GIF")[6:],
        "pdf-and-jpeg": b"%PDF-1.7\n" + jpeg,
        "jpeg-and-pdf": jpeg + b"\n%PDF-1.7\n%%EOF",
        "jpeg-and-html": jpeg[:20] + b"<script>alert(1)</script>" + jpeg[20:],
        "png-and-php": png + b"<?php system($_GET['c']); ?>",
        "png-and-jpeg": png + jpeg,
        "bmp-and-script": b"BM" + _SCRIPT + seeds("bmp")["rgb"][2:],
        "dicom-and-elf": b"\x7fELF" + seeds("dicom")["rgb-explicit"][4:],
        "dicom-and-tiff": b"II*\0\x08\0\0\0" + seeds("dicom")["rgb-explicit"][8:],
        "dicom-and-jpeg": jpeg[:128].ljust(128, b"\0") + seeds("dicom")["jpeg"][128:],
    }


def _zip() -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr(ZipInfo("../../etc/cron.d/x"), "* * * * * root id")
    return stream.getvalue()
