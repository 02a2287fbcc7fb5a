"""Telling a file's format from its first bytes."""

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
"""Pillow's names of the formats that are read; no other decoder ever sees a file."""

HEAD_BYTES = 132
"""How many bytes the functions below need to see."""

_READ = {
    (0, b"\xff\xd8\xff"): "JPEG",
    (0, b"\x89PNG"): "PNG",
    (0, b"II*\x00"): "TIFF",
    (0, b"MM\x00*"): "TIFF",
    (0, b"II+\x00"): "TIFF",
    (0, b"MM\x00+"): "TIFF",
    (0, b"BM"): "BMP",
    (8, b"WEBP"): "WEBP",
}
_FOREIGN = {
    (0, b"%!PS"): "PostScript",
    (0, b"\xc5\xd0\xd3\xc6"): "PostScript",
    (0, b"%PDF"): "PDF",
    (0, b"GIF8"): "GIF",
    (4, b"ftyp"): "HEIC, AVIF or video",
    (128, b"DICM"): "DICOM",
}


def is_readable(head: bytes) -> bool:
    """Tell whether a file that starts so claims to be of one of ``FORMATS``."""
    return _kind(head, _READ) is not None


def foreign_kind(head: bytes) -> str | None:
    """Name the format, known but not read, of a file that starts so; None for anything else."""
    return _kind(head, _FOREIGN)


def _kind(head: bytes, signatures: dict[tuple[int, bytes], str]) -> str | None:
    kinds = (kind for (at, mark), kind in signatures.items() if head[at:].startswith(mark))
    return next(kinds, None)
