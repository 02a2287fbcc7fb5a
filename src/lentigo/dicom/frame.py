"""From a file and its header to one frame's stored values.

Nothing larger than the header says is decoded.
"""

from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder

from lentigo.dicom.header import JPEG, Header
from lentigo.imaging.read import (
    DamagedImageError,
    UnsupportedPixelsError,
    check_scans,
    open_unwarned,
)

_JPEG_2000 = (uid.JPEG2000Lossless, uid.JPEG2000)


class Frame(NamedTuple):
    """One decoded frame.

    Attributes:
        values: Stored values, integers H×W or H×W×3.
        bits: How many bits of a value count.
        photometric: What the values are: the header's word, or the compressed stream's where that
            has one of its own.
    """

    values: npt.NDArray[Any]
    bits: int
    photometric: str


def read_frame(path: Path, stream: BinaryIO, header: Header, number: int) -> Frame:
    """Decode one frame.

    Args:
        path: The file, for errors.
        stream: The file, open.
        header: Its header.
        number: Which frame, from 1 to ``header.frames``.

    Raises:
        ImageError: The frame is damaged, or larger than the header says.
    """
    stream.seek(header.pixels_at)
    if not header.syntax.is_encapsulated:
        return _native(path, stream, header, number)
    encoded = _encoded(stream, header, number)
    if header.syntax in JPEG:
        return _jpeg(path, encoded, header)
    if header.syntax == uid.RLELossless:
        _check_runs(path, encoded, header)
    if header.syntax in _JPEG_2000:
        with open_unwarned(BytesIO(encoded), ("JPEG2000",)) as image:
            _check_stream_size(path, image, header)
    frame = _decoded(encapsulate([encoded], has_bot=False), header)
    # What was transformed for coding comes back as the RGB that it was.
    if header.samples == 3 and header.syntax in _JPEG_2000 and _transformed(encoded):
        return frame._replace(photometric="RGB")
    return frame


def _encoded(stream: BinaryIO, header: Header, number: int) -> bytes:
    table = header.attributes.get("ExtendedOffsetTable")
    lengths = header.attributes.get("ExtendedOffsetTableLengths")
    return get_frame(
        stream,
        number - 1,
        number_of_frames=header.frames,
        extended_offsets=(table, lengths) if table and lengths else None,
    )


def _native(path: Path, stream: BinaryIO, header: Header, number: int) -> Frame:
    height, width = header.size_px
    length = height * width * header.samples * header.bits_allocated // 8
    if header.photometric == "YBR_FULL_422":  # each two pixels share their Cb and Cr
        if width % 2:
            raise UnsupportedPixelsError(path, f"is YBR_FULL_422 of an odd width, {width}")
        length = length // 3 * 2
    stream.seek(length * (number - 1), 1)
    buffer = stream.read(length)
    if len(buffer) < length:
        fault = f"damaged or cut short (frame {number} has {len(buffer)} of {length} bytes)"
        raise DamagedImageError(path, fault)
    return _decoded(buffer, header)


def _decoded(buffer: bytes, header: Header) -> Frame:
    """Decode by pydicom, as a file of this one frame."""
    options: dict[str, Any] = {
        "transfer_syntax_uid": header.syntax,
        "rows": header.size_px[0],
        "columns": header.size_px[1],
        "number_of_frames": 1,
        "samples_per_pixel": header.samples,
        "photometric_interpretation": header.photometric,
        "planar_configuration": header.planar,
        "bits_allocated": header.bits_allocated,
        "bits_stored": header.bits_stored,
        "pixel_representation": int(header.signed),
        "pixel_keyword": "PixelData",
        "pixel_vr": header.pixels_vr,
    }
    padded = buffer + b"\0" * (len(buffer) % 2)
    values, properties = get_decoder(header.syntax).as_array(padded, index=0, raw=True, **options)
    photometric = str(properties["photometric_interpretation"])
    return Frame(values, header.bits_stored, photometric)


def _jpeg(path: Path, encoded: bytes, header: Header) -> Frame:
    """Decode a JPEG stream into its own components where it does not say what they are."""
    with open_unwarned(BytesIO(encoded), ("JPEG",)) as image:
        _check_stream_size(path, image, header)
        check_scans(path, encoded)
        if header.samples == 1:
            return Frame(np.asarray(image.convert("L")), 8, header.photometric)
        # An Adobe marker and components named R, G and B are orders that the decoder follows.
        if "adobe_transform" in image.info or _named_rgb(image):
            return Frame(np.asarray(image.convert("RGB")), 8, "RGB")
        image.draft("YCbCr", None)
        values = np.asarray(image)
        # JFIF knows YCbCr alone; a bare stream leaves it to the header.
        return Frame(values, 8, "YBR_FULL" if "jfif" in image.info else header.photometric)


def _transformed(encoded: bytes) -> bool:
    """Tell whether a JPEG 2000 stream says that its three components were transformed.

    That is in SGcod of the COD marker segment (ISO/IEC 15444-1, A.6.1).
    """
    at = encoded.find(b"\xff\x4f\xff\x51") + 2  # past SOC, before SIZ
    while (marker := encoded[at : at + 2]) and marker != b"\xff\x90":  # SOT: the header's end
        if marker == b"\xff\x52":
            return encoded[at + 8 : at + 9] == b"\x01"
        at += 2 + max(2, int.from_bytes(encoded[at + 2 : at + 4]))
    return False


def _named_rgb(image: Image.Image) -> bool:
    components = getattr(image, "layer", ())
    return [part[0] for part in components] in ([82, 71, 66], [114, 103, 98])


def _check_runs(path: Path, encoded: bytes, header: Header) -> None:
    """Refuse runs that are longer than any coding of so many bytes: two can become 128."""
    height, width = header.size_px
    most = 64 + 2 * height * width * header.samples * header.bits_allocated // 8 + 32
    if len(encoded) > most:
        fault = f"has {len(encoded):,} bytes of runs for {height}×{width} pixels"
        raise DamagedImageError(path, fault)


def _check_stream_size(path: Path, image: Image.Image, header: Header) -> None:
    height, width = header.size_px
    if image.size != (width, height):
        fault = f"says {height}×{width} pixels and holds a picture of {image.height}×{image.width}"
        raise DamagedImageError(path, fault)
    components = len(image.getbands())
    if components != header.samples:
        fault = f"says {header.samples} samples per pixel and holds a picture of {components}"
        raise DamagedImageError(path, fault)
