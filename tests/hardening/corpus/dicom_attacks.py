"""DICOM files that lie about their pixels, their encoding, or their length."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

from dicom_files import COLOURED, dataset, rle, with_pixels
from pydicom import Dataset, uid

from corpus.hostile import Hostile, hostile
from corpus.seeds import dicom_bytes, drawn, seeds

_NUMBERS = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit")
_SYNTAXES = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless,
    uid.JPEGBaseline8Bit,
    uid.JPEG2000,
    uid.JPEGLSLossless,
    uid.HEVCMP51,
    uid.UID("1.2.3"),
)
_PIXELS = bytes.fromhex("e07f1000")
_UNDEFINED = b"\xff\xff\xff\xff"
_OPENED = (
    bytes.fromhex("00522992") + b"SQ\0\0" + _UNDEFINED + bytes.fromhex("feff00e0") + _UNDEFINED
)
_CLOSED = bytes.fromhex("feff0de000000000feffdde000000000")
"""A Shared Functional Groups Sequence's item, begun and ended."""


def files() -> Iterator[Hostile]:
    """Yield all of them."""
    for seed in ("rgb-explicit", "jpeg", "rgb-rle", "jpeg-2000-lossless"):
        for name, content in _lies(COLOURED[seed]):
            yield hostile("dicom", "lying header", f"{seed}-{name}", content)
        for name, content in _syntaxes(seeds("dicom")[seed]):
            yield hostile("dicom", "wrong transfer syntax", f"{seed}-{name}", content)
    for name, content in _lengths():
        yield hostile("dicom", "lengths", name, content)
    for name, content in _built():
        yield hostile("dicom", "built", name, content)


def _lies(make: Callable[[Any], Dataset]) -> Iterator[tuple[str, bytes]]:
    for keyword in _NUMBERS:
        for value in (0, 1, 7, 16, 65_535):
            yield f"{keyword}-{value}", dicom_bytes(_changed(make(drawn()), keyword, value))
        ds = make(drawn())
        del ds[keyword]
        yield f"no-{keyword}", dicom_bytes(ds)
    for value in ("0", "-1", "2147483647", "3"):
        yield f"frames-{value}", dicom_bytes(_changed(make(drawn()), "NumberOfFrames", value))
    for value in ("MONOCHROME1", "PALETTE COLOR", "YBR_PARTIAL_420", "", "HSV", "A" * 9000):
        ds = _changed(make(drawn()), "PhotometricInterpretation", value[:16])
        yield f"photometric-{value[:12] or 'none'}-{len(value)}", dicom_bytes(ds)
    ds = make(drawn())
    del ds.PixelData
    yield "no-pixels", dicom_bytes(ds)
    yield "planar", dicom_bytes(_changed(make(drawn()), "PlanarConfiguration", 9))
    for name in ("MRImageStorage", "EncapsulatedPDFStorage", "ComprehensiveSRStorage"):
        yield (
            f"class-{name}",
            dicom_bytes(_changed(make(drawn()), "SOPClassUID", getattr(uid, name))),
        )


def _changed(ds: Dataset, keyword: str, value: Any) -> Dataset:
    setattr(ds, keyword, value)
    return ds


def _syntaxes(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Say another Transfer Syntax than the one that the content is in."""
    at = content.index(b"\x02\x00\x10\x00UI")
    (length,) = struct.unpack_from("<H", content, at + 6)
    for syntax in _SYNTAXES:
        text = syntax.encode() + b"\0" * (len(syntax) % 2)
        said = content[: at + 6] + struct.pack("<H", len(text)) + text
        group = bytearray(said + content[at + 8 + length :])
        (old,) = struct.unpack_from("<L", group, 140)
        struct.pack_into("<L", group, 140, old + len(text) - length)
        yield f"as-{syntax}", bytes(group)


def _lengths() -> Iterator[tuple[str, bytes]]:
    for seed in ("rgb-explicit", "jpeg", "rgb-rle", "rgb-implicit", "frames"):
        content = seeds("dicom")[seed]
        at = content.index(_PIXELS)
        place = at + (4 if seed == "rgb-implicit" else 8)
        for value in (0, 1, 100, 2**31, 2**32 - 2, 2**32 - 1):
            lie = struct.pack("<L", value)
            yield f"pixels-{seed}-{value}", content[:place] + lie + content[place + 4 :]
        yield f"group-{seed}", content[:140] + _UNDEFINED + content[144:]
        yield f"no-items-{seed}", content[: place + 4] + bytes.fromhex("feffdde000000000")
        yield f"vr-{seed}", content[: at + 4] + b"ZZ" + content[at + 6 :]


def _built() -> Iterator[tuple[str, bytes]]:
    picture = drawn()

    def with_attributes(**attributes: Any) -> bytes:
        ds = with_pixels(dataset(), [picture.tobytes()], picture.shape, "RGB")
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        return dicom_bytes(ds)

    plain = with_attributes()
    at = plain.index(_PIXELS)
    open_items = _OPENED * 20_000
    yield "nested-open-300", plain[:at] + _OPENED * 300 + plain[at:]
    yield "nested-closed-300", plain[:at] + _OPENED * 300 + _CLOSED * 300 + plain[at:]
    yield "nested-open-20000", plain[:at] + open_items + plain[at:]
    yield "profile-noise", with_attributes(ICCProfile=b"\xff" * 100_000)
    yield "spacing-zero", with_attributes(PixelSpacing=[0, 0])
    yield "spacing-huge", with_attributes(PixelSpacing=[1e300, 1e-300])
    yield (
        "offsets-lie",
        with_attributes(
            ExtendedOffsetTable=_UNDEFINED * 2, ExtendedOffsetTableLengths=_UNDEFINED * 2
        ),
    )
    grey = picture[..., 0]
    for name, attributes in (
        ("window-none", {"WindowCenter": 10, "WindowWidth": 0}),
        ("slope-huge", {"RescaleSlope": 1e300, "RescaleIntercept": -1e300}),
        ("slope-zero", {"RescaleSlope": 0, "RescaleIntercept": 0}),
    ):
        ds = with_pixels(dataset(**attributes), [grey.tobytes()], grey.shape, "MONOCHROME2")
        yield name, dicom_bytes(ds)
    ds = with_pixels(dataset(), [grey.tobytes()], grey.shape, "PALETTE COLOR")
    yield "palette-missing", dicom_bytes(ds)
    for name in ("Red", "Green", "Blue"):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [3, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", bytes(6))
    yield "palette-out-of-range", dicom_bytes(ds)
    runs = with_pixels(dataset(), [rle(picture)[:400]], picture.shape, "RGB", uid.RLELossless)
    yield "runs-cut", dicom_bytes(runs)
    yield "preamble-only", bytes(128) + b"DICM"
    yield "meta-only", plain[: plain.index(b"\x08\x00\x16\x00")]
    yield "no-syntax", bytes(128) + b"DICM" + plain[plain.index(b"\x08\x00\x16\x00") :]
    yield "tags-backwards", bytes(128) + b"DICM" + plain[:131:-1]
