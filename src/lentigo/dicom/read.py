"""DICOM images as photos, within the limits of every other file (`lentigo.imaging.read`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from PIL import Image

from lentigo.dicom.colour import PaletteError, rgb_of
from lentigo.dicom.frame import read_frame
from lentigo.dicom.header import read_header
from lentigo.dicom.spacing import pixel_spacing_mm
from lentigo.errors import ImageError
from lentigo.imaging.arrays import Size
from lentigo.imaging.doubt import QualityWarning
from lentigo.imaging.metered import MeteredStream, TooManyReadsError
from lentigo.imaging.read import (
    IN_MEMORY,
    DamagedImageError,
    ImageTooLargeError,
    Photo,
    UnreadableFileError,
    UnsupportedPixelsError,
    reduced,
)


def read_photo(source: Path | bytes, *, min_side_px: int | None = None, frame: int = 1) -> Photo:
    """Read one frame of a DICOM image as 8-bit sRGB, with its pixel spacing.

    Args:
        source: A DICOM file of a class and encoding that ``docs/dicom.md`` lists: its path, or its
            content.
        min_side_px: At least 1. Where given, the image may come back reduced, its short side
            still at least this long.
        frame: Which frame, from 1. Where a file has more than one, a note says which was read.

    Raises:
        ImageError: The file cannot be read; the subclass and the message tell why.
    """
    path = IN_MEMORY if isinstance(source, bytes) else source
    with _faults_named(path), _opened(source) as opened:
        stream = _metered(opened)
        header = read_header(path, stream)
        if not 1 <= frame <= header.frames:
            raise UnreadableFileError(path, f"has {header.frames} frames, and no frame {frame}")
        decoded = read_frame(path, stream, header, frame)
        pixels, colour_notes = rgb_of(decoded, header.signed, header.attributes)
        spacing_mm, spacing_notes = pixel_spacing_mm(header.attributes)
    notes = []
    if header.frames > 1:
        text = f"the file holds {header.frames} frames; this is about frame {frame} alone"
        notes.append(QualityWarning("one-frame-of-many", text))
    return Photo(
        reduced(pixels, min_side_px),
        header.size_px,
        pixel_spacing_mm=spacing_mm,
        path=None if isinstance(source, bytes) else source,
        notes=(*notes, *colour_notes, *spacing_notes),
    )


def image_size_px(path: Path) -> Size:
    """Return the height and width that ``read_photo`` would give, from the header alone.

    Raises:
        ImageError: The file cannot be read; the subclass and the message tell why.
    """
    with _faults_named(path), path.open("rb") as stream:
        return read_header(path, _metered(stream)).size_px


def _opened(source: Path | bytes) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _metered(stream: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, MeteredStream(stream))


@contextmanager
def _faults_named(path: Path) -> Iterator[None]:
    """Turn every fault into an ``ImageError``; what a file holds is not repeated in it."""
    try:
        yield
    except ImageError:
        raise
    except PaletteError as error:
        raise UnsupportedPixelsError(path, str(error)) from error
    except TooManyReadsError as error:
        raise DamagedImageError(path, f"is DICOM made of {error}") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageTooLargeError(path, "too large to decode; make it smaller") from error
    except OSError as error:
        if error.errno is None:  # a decoder's own, not the system's
            raise DamagedImageError(path, "damaged or cut short") from error
        raise UnreadableFileError(path, error.strerror or "cannot be opened") from error
    except Exception as error:  # on crafted files parsers and decoders raise almost any exception
        fault = f"damaged or not supported ({type(error).__name__})"
        raise DamagedImageError(path, fault) from error
