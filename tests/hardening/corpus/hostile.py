"""What a hostile file is."""

from typing import NamedTuple

TYPES = {
    "jpeg": ("image/jpeg", "jpg"),
    "png": ("image/png", "png"),
    "tiff": ("image/tiff", "tif"),
    "bmp": ("image/bmp", "bmp"),
    "webp": ("image/webp", "webp"),
    "dicom": ("application/dicom", "dcm"),
}


class Hostile(NamedTuple):
    """A file as a stranger sends it.

    Attributes:
        family: What is wrong with it, for the table of results: ``png: checksums mended``.
        name: Unique within the corpus; a form calls its file so.
        content: Its bytes.
        content_type: As the request has it; None sends none.
    """

    family: str
    name: str
    content: bytes
    content_type: str | None


def hostile(kind: str, family: str, name: str, content: bytes) -> Hostile:
    """Return a file that goes by the type and the extension of its own kind."""
    content_type, extension = TYPES[kind]
    return Hostile(f"{kind}: {family}", f"{kind}-{name}.{extension}", content, content_type)
