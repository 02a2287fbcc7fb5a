"""Reading images from strangers: by an allow-list, within limits, always as 8-bit RGB.

Follows the checklist of Pillow's ``security.rst``: the format is told from the content and not
from the name, a pixel limit holds before anything is decoded, and no decoder runs another program.
"""

import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from lentigo.errors import ImageError
from lentigo.imaging.arrays import Mask, Pixels, Size
from lentigo.imaging.convert import PixelRangeError, above_half, mask_values, reduction, rgb_pixels
from lentigo.imaging.doubt import QualityWarning
from lentigo.imaging.formats import FORMATS, HEAD_BYTES, foreign_kind, is_readable
from lentigo.imaging.metered import MeteredStream, TooManyReadsError
from lentigo.imaging.readers import PhotoReader, reader_for
from lentigo.imaging.scans import MAX_SCANS, scans_of

READABLE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
MAX_PIXELS = 89_478_485
"""Pillow's own limit: a quarter of a gigabyte as RGB."""

_EXIF_ORIENTATION = 0x0112
MAX_SIDE_PX = 65_535
"""What a JPEG's or a DICOM image's side can be; Pillow keeps more about a row than one pixel."""

_TILE_SIZE_TAGS = (323, 322)
_SIDEWAYS = (5, 6, 7, 8)
_EMPTY = "is empty (0 bytes)"
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_warning_filters = threading.Lock()

IN_MEMORY = Path("image")
"""What errors call an image that came as bytes and so has no path."""


class UnreadableFileError(ImageError):
    """A path that cannot be opened: missing, a folder, not a plain file, not permitted."""


class EmptyFileError(ImageError):
    """A file of zero bytes."""


class NotAnImageError(ImageError):
    """A file whose content is none of the formats that are read, whatever its name."""


class DamagedImageError(ImageError):
    """An image that ends early or whose content is corrupt."""


class UnsupportedPixelsError(ImageError):
    """An image whose values have no agreed range, such as floats outside 0–1."""


class ImageTooLargeError(ImageError):
    """An image of more than ``MAX_PIXELS`` pixels."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as it is looked at: upright, 8-bit RGB.

    Attributes:
        pixels: uint8, H×W×3; of lower resolution than ``size_px`` where it was decoded reduced.
        size_px: The original's height and width, after its EXIF orientation was applied.
        pixel_spacing_mm: Distance between the original's pixel centres on the skin; None where
            unknown. A file's dots per inch tell about paper, not skin, and are not used.
        path: Where it was read from; None for an array.
        notes: What the reader noticed that makes a finding less trustworthy.
    """

    pixels: Pixels
    size_px: Size
    pixel_spacing_mm: float | None = None
    path: Path | None = None
    notes: tuple[QualityWarning, ...] = ()


def read_photo(source: Path | str | bytes, *, min_side_px: int | None = None) -> Photo:
    """Read an image as upright 8-bit RGB.

    The first page or frame counts. Transparency is laid on white; 16-bit values are scaled over
    their full range; an embedded colour profile is not applied.

    Args:
        source: A JPEG, PNG, TIFF, BMP or WebP file, or with the extra ``dicom`` a DICOM image (see
            `lentigo.dicom.read`): its path, or its content.
        min_side_px: At least 1. Where given, the image may come back reduced, its short side
            still at least this long; JPEGs are then decoded reduced: faster, less memory.

    Raises:
        ImageError: The file cannot be read; the subclass and the message tell why.
    """
    path = _name(source)
    if reader := _further_reader(path, source):
        return reader.read_photo(
            source if isinstance(source, bytes) else path, min_side_px=min_side_px
        )
    with _opened(source) as image:
        size_px = _upright_size(image)
        if min_side_px is not None:
            image.draft(None, (min_side_px, min_side_px))
        pixels = rgb_pixels(_upright(image), min_side_px)
    known = None if isinstance(source, bytes) else path
    return Photo(pixels, size_px, path=known)


def reduced(pixels: Pixels, min_side_px: int | None) -> Pixels:
    """Return pixels as means of whole blocks, so large that the short side stays long enough."""
    height, width = pixels.shape[:2]
    if (factor := reduction(height, width, min_side_px)) > 1:
        return np.array(Image.fromarray(pixels).reduce(factor))
    return pixels


def read_mask(source: Path | str | bytes) -> Mask:
    """Read a mask from its path or its content: bool H×W, True where it is brighter than half.

    Half of 1 where no value exceeds 1, else half of the 8-bit or 16-bit range. Palettes are looked
    up, of colours the brightest channel counts, transparent parts lie outside, and the EXIF
    orientation is applied as it is to photos.

    Raises:
        ImageError: The file cannot be read; the subclass and the message tell why.
    """
    return above_half(read_mask_values(source))


def read_mask_values(source: Path | str | bytes) -> npt.NDArray[Any]:
    """Read what ``read_mask`` decides by: a mask file's values, H×W, in its own range.

    Raises:
        ImageError: The file cannot be read; the subclass and the message tell why.
    """
    with _opened(source) as image:
        return mask_values(_upright(image))


def image_size_px(path: Path | str) -> Size:
    """Return the height and width that ``read_photo`` would give, mostly from the header alone.

    Raises:
        ImageError: The file cannot be read; the subclass and the message tell why.
    """
    path = Path(path)
    if reader := _further_reader(path, path):
        return reader.image_size_px(path)
    with _opened(path) as image:
        return _upright_size(image)


def _further_reader(path: Path, source: Path | str | bytes) -> PhotoReader | None:
    with _faults_named(path), _stream(path, source) as stream:
        head = stream.read(HEAD_BYTES)
    return reader_for(path, head)


def _name(source: Path | str | bytes) -> Path:
    return IN_MEMORY if isinstance(source, bytes) else Path(source)


@contextmanager
def _opened(source: Path | str | bytes) -> Iterator[Image.Image]:
    """Open an image within the limits; every fault in the block becomes an ``ImageError``."""
    path = _name(source)
    with _faults_named(path), _stream(path, source) as stream:
        image = _identified(path, cast(BinaryIO, MeteredStream(stream)))
        check_size(path, image.height, image.width)
        if isinstance(image, TiffImageFile):
            _check_tile(path, image)
        if isinstance(image, JpegImageFile):
            stream.seek(0)
            check_scans(path, stream.read())
        yield image


@contextmanager
def _faults_named(path: Path) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageTooLargeError(path, f"too large to decode ({error}); make it smaller") from error
    except UnidentifiedImageError as error:
        raise DamagedImageError(path, "damaged or cut short (unreadable header)") from error
    except TooManyReadsError as error:
        raise DamagedImageError(path, f"is made of {error}") from error
    except PixelRangeError as error:
        raise UnsupportedPixelsError(path, str(error)) from error
    except OSError as error:
        if error.errno is None:  # Pillow's own, not the system's
            raise DamagedImageError(path, f"damaged or cut short ({error})") from error
        raise UnreadableFileError(path, error.strerror or str(error)) from error
    except Exception as error:  # on crafted files decoders raise almost any exception
        detail = f"{type(error).__name__}: {error}"
        raise DamagedImageError(path, f"damaged or not supported ({detail})") from error


def _stream(path: Path, source: Path | str | bytes) -> BinaryIO:
    if not isinstance(source, bytes):
        _check_plain_file(path)
        return path.open("rb")
    if not source:
        raise EmptyFileError(path, _EMPTY)
    return BytesIO(source)


def _check_plain_file(path: Path) -> None:
    try:
        status = path.stat()
    except ValueError as error:  # a NUL in the name
        raise UnreadableFileError(path, f"not a file name ({error})") from error
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableFileError(path, "is a folder; an image file was expected")
    if not stat.S_ISREG(status.st_mode):  # a pipe would block for ever
        raise UnreadableFileError(path, "is not a plain file; an image file was expected")
    if status.st_size == 0:
        raise EmptyFileError(path, _EMPTY)


def _identified(path: Path, stream: BinaryIO) -> Image.Image:
    head = stream.read(HEAD_BYTES)
    if not is_readable(head):
        foreign = foreign_kind(head)
        what = f"looks like {foreign}" if foreign else "is not an image"
        raise NotAnImageError(path, f"{what}; expected the content of {', '.join(FORMATS)}")
    return open_unwarned(stream, FORMATS)


def open_unwarned(stream: BinaryIO, formats: tuple[str, ...]) -> Image.Image:
    """Open an image by Pillow, which only warns of sizes up to twice its limit: check the size."""
    with _warning_filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(stream, formats=formats)


def check_size(path: Path, height: int, width: int) -> None:
    """Refuse an image of no pixels, of more than ``MAX_PIXELS``, or of a side over ``MAX_SIDE_PX``.

    Raises:
        DamagedImageError: It has none.
        ImageTooLargeError: It has too many.
    """
    if width * height == 0:
        raise DamagedImageError(path, f"has no pixels ({height}×{width})")
    if width * height > MAX_PIXELS:
        fault = (
            f"has {height}×{width} pixels, more than the limit of {MAX_PIXELS:,}; make it smaller"
        )
        raise ImageTooLargeError(path, fault)
    if max(height, width) > MAX_SIDE_PX:
        fault = f"has {height}×{width} pixels; a side may have {MAX_SIDE_PX:,}; make it smaller"
        raise ImageTooLargeError(path, fault)


def check_scans(path: Path, content: bytes) -> None:
    """Refuse a JPEG that would be decoded over and over.

    Raises:
        DamagedImageError: It has more than ``MAX_SCANS`` scans.
    """
    if scans_of(content) > MAX_SCANS:
        raise DamagedImageError(path, f"is a JPEG of more than {MAX_SCANS} scans; save it anew")


def _check_tile(path: Path, image: TiffImageFile) -> None:
    """Refuse a TIFF whose picture is cut from larger tiles than a picture may be.

    A tile is decoded whole, however little of it is shown.
    """
    height, width = (image.tag_v2.get(tag, 0) for tag in _TILE_SIZE_TAGS)
    if height * width > MAX_PIXELS:
        fault = f"has tiles of {height}×{width} pixels, more than the limit of {MAX_PIXELS:,}"
        raise ImageTooLargeError(path, f"{fault}; save it anew")


def _upright_size(image: Image.Image) -> Size:
    width, height = image.size
    return (width, height) if _orientation(image) in _SIDEWAYS else (height, width)


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    method = _TURNS.get(_orientation(image))
    return image if method is None else image.transpose(method)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where there is none or it cannot be read."""
    if image.format == "TIFF":  # Pillow turns these itself and gives their upright size
        return 1
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # broken EXIF is common beside sound pixels
        return 1
