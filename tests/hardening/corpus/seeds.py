"""Small sound files of every format that is read, drawn and not photographed."""

from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from dicom_files import COLOURED, dataset, with_pixels
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from lentigo.synthetic import draw_lesion

SIZE_PX = (48, 64)
_UID = "2.25.99"


@cache
def drawn() -> NDArray[np.uint8]:
    """A lesion, uint8 48×64×3."""
    return draw_lesion(7, SIZE_PX).image


@cache
def seeds(kind: str) -> dict[str, bytes]:
    """Return the sound files of a kind, one of those in `corpus.hostile.TYPES`."""
    make = {
        "jpeg": _jpeg,
        "png": _png,
        "tiff": _tiff,
        "bmp": _bmp,
        "webp": _webp,
        "dicom": _dicom,
    }
    return make[kind]()


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return what Pillow writes."""
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def dicom_bytes(ds: Dataset) -> bytes:
    """Return a dataset as a file with preamble, its UIDs always the same."""
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(ds, keyword, _UID)
    ds.file_meta.MediaStorageSOPInstanceUID = _UID
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def photo() -> Image.Image:
    """The drawing as an RGB image."""
    return Image.fromarray(drawn())


def exif(orientation: int = 6) -> bytes:
    """Return EXIF that says how the camera was held."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = "drawn"
    return tags.tobytes()


def _jpeg() -> dict[str, bytes]:
    return {
        "baseline": saved(photo(), "JPEG"),
        "progressive": saved(photo(), "JPEG", progressive=True),
        "grey": saved(photo().convert("L"), "JPEG"),
        "cmyk": saved(photo().convert("CMYK"), "JPEG"),
        "turned": saved(photo(), "JPEG", exif=exif()),
        "restarts": saved(photo(), "JPEG", restart_marker_rows=1),
    }


def _png() -> dict[str, bytes]:
    wide = Image.fromarray(drawn()[..., 0].astype(np.uint16) * 257)
    return {
        "rgb": saved(photo(), "PNG"),
        "grey": saved(photo().convert("L"), "PNG"),
        "grey-16-bit": saved(wide, "PNG"),
        "palette": saved(photo().quantize(16), "PNG"),
        "alpha": saved(photo().convert("RGBA"), "PNG"),
        "bits": saved(photo().convert("1"), "PNG"),
        "turned": saved(photo(), "PNG", exif=exif()),
    }


def _tiff() -> dict[str, bytes]:
    wide = Image.fromarray(drawn()[..., 0].astype(np.uint16) * 257)
    floats = Image.fromarray(drawn()[..., 0].astype(np.float32) / 255)
    codings = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma")
    return {
        **{name: saved(photo(), "TIFF", compression=name) for name in codings},
        "fax": saved(photo().convert("1"), "TIFF", compression="group4"),
        "grey-16-bit": saved(wide, "TIFF"),
        "float": saved(floats, "TIFF"),
        "cmyk": saved(photo().convert("CMYK"), "TIFF"),
        "palette": saved(photo().quantize(16), "TIFF"),
        "big": saved(photo(), "TIFF", big_tiff=True),
        "pages": saved(photo(), "TIFF", save_all=True, append_images=[photo()] * 3),
    }


def _bmp() -> dict[str, bytes]:
    return {
        "rgb": saved(photo(), "BMP"),
        "grey": saved(photo().convert("L"), "BMP"),
        "bits": saved(photo().convert("1"), "BMP"),
        "alpha": saved(photo().convert("RGBA"), "BMP"),
    }


def _webp() -> dict[str, bytes]:
    frames = [photo().rotate(angle) for angle in (0, 90)]
    return {
        "lossy": saved(photo(), "WEBP"),
        "lossless": saved(photo(), "WEBP", lossless=True),
        "alpha": saved(photo().convert("RGBA"), "WEBP"),
        "animated": saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "turned": saved(photo(), "WEBP", exif=exif()),
    }


def _dicom() -> dict[str, bytes]:
    pictures = {name: dicom_bytes(make(drawn())) for name, make in COLOURED.items()}
    grey = drawn()[..., 0]
    pictures["grey"] = dicom_bytes(
        with_pixels(dataset(), [grey.tobytes()], grey.shape, "MONOCHROME2")
    )
    pictures["frames"] = dicom_bytes(
        with_pixels(dataset(), [drawn().tobytes()] * 3, drawn().shape, "RGB")
    )
    return pictures
