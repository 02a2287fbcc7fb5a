"""Formats that other packages read: told by a file's first bytes, imported when first met.

Imports run downwards; a name in a table does not bend that, and costs nothing until it is needed.
"""

import stat
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from lentigo.errors import ImageError
from lentigo.imaging.arrays import Size
from lentigo.imaging.formats import HEAD_BYTES, foreign_kind

if TYPE_CHECKING:
    from lentigo.imaging.read import Photo


class PhotoReader(Protocol):
    """What a module that reads a further format has; every fault is an ``ImageError``."""

    def read_photo(self, source: Path | bytes, *, min_side_px: int | None = None) -> "Photo":
        """Do what `lentigo.imaging.read.read_photo` does."""
        ...

    def image_size_px(self, path: Path) -> Size:
        """Do what `lentigo.imaging.read.image_size_px` does."""
        ...


class _Home(NamedTuple):
    module: str
    extra: str


_HOMES = {"DICOM": _Home("lentigo.dicom.read", extra="dicom")}


class MissingReaderError(ImageError):
    """A file of a format whose reader needs packages that are not installed."""


def reader_for(path: Path, head: bytes) -> PhotoReader | None:
    """Return what reads a file that starts so, None where it is none of the further formats.

    Args:
        path: The file, for the error.
        head: Its first ``HEAD_BYTES`` bytes.

    Raises:
        MissingReaderError: The reader's extra is not installed.
    """
    kind = foreign_kind(head)
    home = _HOMES.get(kind or "")
    if home is None:
        return None
    try:
        return cast(PhotoReader, import_module(home.module))
    except ModuleNotFoundError as error:
        fault = (
            f"is {kind}, and what reads it is not installed (no '{error.name}'): "
            f"pip install 'lentigo[{home.extra}]'"
        )
        raise MissingReaderError(path, fault) from error


def has_reader(path: Path) -> bool:
    """Tell whether a plain file's content is of one of the further formats; False on any fault."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would block for ever
            return False
        with path.open("rb") as stream:
            return foreign_kind(stream.read(HEAD_BYTES)) in _HOMES
    except (OSError, ValueError):
        return False
