"""What a DICOM file says about its pixels, read and checked before any is decoded.

Only the attributes named here are read: nothing about the patient is.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pydicom import Dataset, dcmread, uid
from pydicom.filereader import read_dataset, read_preamble
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

from lentigo.imaging.arrays import Size
from lentigo.imaging.read import (
    DamagedImageError,
    NotAnImageError,
    UnsupportedPixelsError,
    check_size,
)

SOP_CLASSES: Final[Mapping[UID, str]] = {
    uid.VLPhotographicImageStorage: "VL Photographic Image",
    uid.DermoscopicPhotographyImageStorage: "Dermoscopic Photography Image",
    uid.SecondaryCaptureImageStorage: "Secondary Capture Image",
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage: "Multi-frame Grayscale Byte SC Image",
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage: "Multi-frame Grayscale Word SC Image",
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage: "Multi-frame True Color SC Image",
}
"""The objects that are read as photos."""

TRANSFER_SYNTAXES: Final = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.RLELossless,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
)
"""The encodings that are read; of JPEG Extended only 8-bit streams."""

JPEG: Final = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit)
"""Those of them that are JPEG of 1992."""

COLOURS: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
GREYS: Final = ("MONOCHROME1", "MONOCHROME2")
PALETTE: Final = "PALETTE COLOR"

_WANTED: Final = [
    "SOPClassUID",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelSpacingCalibrationType",
    "SharedFunctionalGroupsSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "ICCProfile",
    "RedPaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
]
_PIXEL_DATA = Tag("PixelData")
_UNDEFINED_LENGTH = 0xFFFFFFFF


@dataclass(frozen=True, eq=False)
class Header:
    """What must be known to decode a frame, checked for sense.

    Attributes:
        syntax: Transfer Syntax UID.
        size_px: Rows and Columns.
        frames: At least 1.
        samples: Samples per pixel, 1 or 3.
        photometric: Photometric Interpretation, one that is read.
        bits_allocated: 8 or 16.
        bits_stored: 1 to ``bits_allocated``.
        signed: Whether stored values are two's complement.
        planar: Planar Configuration, 0 or 1.
        pixels_at: Where in the file the Pixel Data's value begins.
        pixels_vr: The Pixel Data's VR, as an uncompressed big-endian file needs it.
        attributes: The other attributes that were read: tables, windows, spacings, colour profile.
    """

    syntax: UID
    size_px: Size
    frames: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    signed: bool
    planar: int
    pixels_at: int
    pixels_vr: str
    attributes: Dataset


def read_header(path: Path, stream: BinaryIO) -> Header:
    """Read and check the header of a DICOM file; the pixels are left where they are.

    Args:
        path: The file, for errors.
        stream: The file, open at its beginning.

    Raises:
        ImageError: No photo of a kind that is read; the message tells what it is.
    """
    syntax = _transfer_syntax(path, stream)
    attributes = dcmread(stream, stop_before_pixels=True, specific_tags=list(_WANTED))
    _check_sop_class(path, attributes)
    fields = _Fields(path, attributes)
    height, width = fields.whole("Rows"), fields.whole("Columns")
    check_size(path, height, width)
    samples, photometric = fields.whole("SamplesPerPixel", 1), _photometric(path, attributes)
    bits_allocated = fields.whole("BitsAllocated")
    bits_stored = fields.whole("BitsStored", bits_allocated)
    frames = fields.whole("NumberOfFrames", 1)
    if samples != (3 if photometric in COLOURS else 1):
        raise DamagedImageError(path, f"says {photometric} and {samples} samples per pixel")
    if bits_allocated not in (8, 16) or not 1 <= bits_stored <= bits_allocated:
        fault = f"has {bits_stored} bits in {bits_allocated}; 8-bit and 16-bit pixels are read"
        raise UnsupportedPixelsError(path, fault)
    if syntax in JPEG and bits_stored > 8:
        raise UnsupportedPixelsError(path, f"is a JPEG of {bits_stored} bits; those of 8 are read")
    if fields.whole("HighBit", bits_stored - 1) != bits_stored - 1:
        raise UnsupportedPixelsError(path, "has pixels whose bits do not start at the lowest")
    if frames < 1:
        raise DamagedImageError(path, f"says it has {frames} frames")
    pixels_vr = _enter_pixel_data(path, stream, syntax)
    return Header(
        syntax=syntax,
        size_px=(height, width),
        frames=frames,
        samples=samples,
        photometric=photometric,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        signed=fields.whole("PixelRepresentation", 0) == 1,
        planar=fields.whole("PlanarConfiguration", 0),
        pixels_at=stream.tell(),
        pixels_vr=pixels_vr,
        attributes=attributes,
    )


class _Fields:
    def __init__(self, path: Path, attributes: Dataset) -> None:
        self._path = path
        self._attributes = attributes

    def whole(self, keyword: str, default: int | None = None) -> int:
        """Return a whole number of the header, ``default`` where it is absent or empty."""
        value = self._attributes.get(keyword)
        if value in (None, ""):
            if default is None:
                raise DamagedImageError(self._path, f"is DICOM without {keyword}")
            return default
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            fault = f"is DICOM with a {keyword} that is not one number"
            raise DamagedImageError(self._path, fault) from error


def _transfer_syntax(path: Path, stream: BinaryIO) -> UID:
    # Before anything else: to read on, pydicom would inflate a deflated file whole.
    read_preamble(stream, force=False)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, *_: tag.group != 2)
    stream.seek(0)
    syntax = meta.get("TransferSyntaxUID")
    if not isinstance(syntax, UID) or not syntax:
        raise NotAnImageError(path, "is DICOM without a Transfer Syntax; nothing can be read of it")
    if syntax not in TRANSFER_SYNTAXES:
        known = ", ".join(each.name for each in TRANSFER_SYNTAXES)
        fault = (
            f"is DICOM encoded as {_named(syntax)}, which is not read; convert it to one of: "
            f"{known} (with DCMTK's dcmconv, dcmdjpeg or dcmdjpls, or with gdcmconv)"
        )
        raise UnsupportedPixelsError(path, fault)
    return syntax


def _check_sop_class(path: Path, attributes: Dataset) -> None:
    sop_class = attributes.get("SOPClassUID")
    if not isinstance(sop_class, UID) or not sop_class:
        raise NotAnImageError(path, "is DICOM without a SOP Class; an image was expected")
    if sop_class not in SOP_CLASSES:
        known = ", ".join(SOP_CLASSES.values())
        fault = f"is DICOM of the class {_named(sop_class)}, not a photo; expected: {known}"
        raise NotAnImageError(path, fault)


def _named(value: UID) -> str:
    """Return the standard's name of a UID; any other text is not repeated."""
    return value.name if value.name != value else "an unknown UID"


def _photometric(path: Path, attributes: Dataset) -> str:
    photometric = str(attributes.get("PhotometricInterpretation", "")).strip().upper()
    known = (*GREYS, PALETTE, *COLOURS)
    if photometric not in known:
        what = photometric if photometric.isascii() and len(photometric) <= 16 else "an odd one"
        fault = f"has the Photometric Interpretation '{what}'; expected {', '.join(known)}"
        raise UnsupportedPixelsError(path, fault)
    return photometric


def _enter_pixel_data(path: Path, stream: BinaryIO, syntax: UID) -> str:
    """Move to the first byte of the Pixel Data's value and return its VR."""
    order = "<" if syntax.is_little_endian else ">"
    head = stream.read(8)
    # Some files have no VRs though their syntax says so.
    explicit = not syntax.is_implicit_VR and head[4:6] in (b"OB", b"OW")
    try:
        group, element = struct.unpack(f"{order}HH", head[:4])
        (length,) = struct.unpack(f"{order}L", stream.read(4) if explicit else head[4:])
    except struct.error as error:
        raise DamagedImageError(path, "is DICOM that ends before its pixels") from error
    if BaseTag(group << 16 | element) != _PIXEL_DATA:
        raise UnsupportedPixelsError(path, "is DICOM without Pixel Data")
    if (length == _UNDEFINED_LENGTH) != syntax.is_encapsulated:
        fault = f"is DICOM whose pixels are not encoded as it says ({syntax.name})"
        raise DamagedImageError(path, fault)
    return head[4:6].decode() if explicit else "OW"
