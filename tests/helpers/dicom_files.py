"""DICOM files made of drawn pictures, in every encoding that is read."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_encoder
from pydicom.uid import UID, generate_uid

Picture = NDArray[np.uint8]


def smooth_picture(height: int = 48, width: int = 64) -> Picture:
    """A dark reddish spot on skin with some fine detail, as RGB."""
    rows, columns = np.mgrid[:height, :width]
    radius = np.hypot(rows - height / 2, columns - width / 2)
    shade = 1 / (1 + np.exp((height / 4 - radius) / 3)) + 0.05 * np.sin(columns / 3)
    skin, spot = np.array([222, 170, 150]), np.array([90, 50, 40])
    return np.clip(spot + shade[..., None] * (skin - spot), 0, 255).round().astype(np.uint8)


def dataset(sop_class: UID = uid.VLPhotographicImageStorage, **attributes: Any) -> Dataset:
    """The part of an image's header that is not about pixels."""
    ds = Dataset()
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = generate_uid()
    ds.SeriesInstanceUID = generate_uid()
    ds.PatientName = "Doe^Jane"
    ds.PatientID = "ID-4711"
    ds.PatientBirthDate = "19700102"
    ds.PatientSex = "F"
    ds.StudyID = "1"
    ds.StudyDate = "20240102"
    ds.StudyTime = "101112"
    ds.AccessionNumber = "A1"
    ds.ReferringPhysicianName = ""
    ds.Modality = "XC"
    ds.ConversionType = "DI"
    ds.SeriesNumber = 1
    ds.InstanceNumber = 1
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.Manufacturer = "Drawn"
    ds.ContentDate, ds.ContentTime = "20240102", "101112"
    ds.AcquisitionContextSequence = []
    ds.LossyImageCompression = "00"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


DERMOSCOPIC: dict[str, Any] = {
    "sop_class": uid.DermoscopicPhotographyImageStorage,
    "Modality": "DMS",
    "FrameOfReferenceUID": "2.25.1",
    "PositionReferenceIndicator": "",
    "Laterality": "",
    "PatientOrientation": "",
    "ManufacturerModelName": "Drawn",
    "DeviceSerialNumber": "1",
    "SoftwareVersions": "1",
    "RecognizableVisualFeatures": "NO",
    "LightSourcePolarization": "",
    "EmitterColorTemperature": None,
    "ContactMethod": "",
    "OpticalMagnificationFactor": None,
}
"""What a Dermoscopic Photography Image has besides, for ``dataset``."""


def with_pixels(
    ds: Dataset,
    frames: list[bytes],
    shape: tuple[int, ...],
    photometric: str,
    syntax: UID = uid.ExplicitVRLittleEndian,
    bits: int = 8,
    signed: bool = False,
) -> Dataset:
    """Add frames, already encoded in ``syntax``."""
    ds.Rows, ds.Columns = shape[:2]
    ds.SamplesPerPixel = shape[2] if len(shape) == 3 else 1
    ds.PhotometricInterpretation = photometric
    if ds.SamplesPerPixel == 3 and "PlanarConfiguration" not in ds:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = int(signed)
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    if syntax.is_encapsulated:
        ds.PixelData = encapsulate(frames)
        ds["PixelData"].is_undefined_length = True
    else:
        joined = b"".join(frames)
        ds.PixelData = joined + b"\0" * (len(joined) % 2)
    ds["PixelData"].VR = "OB" if bits <= 8 else "OW"
    return ds


def saved(ds: Dataset, path: Path) -> Path:
    """Write a dataset as a file with preamble and file meta information."""
    ds.save_as(path, enforce_file_format=True)
    return path


def rgb_file(path: Path, picture: Picture | None = None, **attributes: Any) -> Path:
    """Write an uncompressed RGB image."""
    picture = smooth_picture() if picture is None else picture
    ds = with_pixels(dataset(**attributes), [picture.tobytes()], picture.shape, "RGB")
    return saved(ds, path)


def ybr(picture: Picture) -> Picture:
    """Return RGB as full-range YCbCr."""
    return np.asarray(Image.fromarray(picture).convert("YCbCr"))


def ybr_422(picture: Picture) -> bytes:
    """Return RGB as YBR_FULL_422: Y Y Cb Cr for each two pixels."""
    planes = ybr(picture)
    chroma = planes[:, ::2, 1:]
    return np.concatenate([planes[:, ::2, :1], planes[:, 1::2, :1], chroma], axis=2).tobytes()


def jpeg(picture: Picture, *, transformed: bool = True, bare: bool = False) -> bytes:
    """Return a baseline JPEG stream.

    Args:
        picture: RGB or grey.
        transformed: Whether its components are YCbCr rather than RGB.
        bare: Leave out every sign of what they are: JFIF, Adobe, components named R, G, B.
    """
    stream = BytesIO()
    options = {"quality": 95, "subsampling": 0, "keep_rgb": not transformed}
    Image.fromarray(picture).save(stream, "JPEG", **options)
    return _without_signs(stream.getvalue()) if bare else stream.getvalue()


def _without_signs(stream: bytes) -> bytes:
    kept, at = [stream[:2]], 2
    while True:
        marker, length = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4])
        segment = bytearray(stream[at : at + 2 + length])
        if marker == 0xC0:
            for number in range(segment[9]):
                segment[10 + 3 * number] = number + 1
        if marker == 0xDA:
            for number in range(segment[4]):
                segment[5 + 2 * number] = number + 1
        if marker not in (0xE0, 0xEE):
            kept.append(bytes(segment))
        at += 2 + length
        if marker == 0xDA:
            return b"".join(kept) + stream[at:]


def jpeg_2000(picture: NDArray[Any], *, lossy: bool = False, transformed: bool = True) -> bytes:
    """Return a JPEG 2000 code stream."""
    stream = BytesIO()
    options: dict[str, Any] = {"irreversible": lossy, "mct": int(transformed), "no_jp2": True}
    if lossy:
        options |= {"quality_mode": "dB", "quality_layers": [45]}
    Image.fromarray(picture).save(stream, "JPEG2000", **options)
    return stream.getvalue()


def rle(values: NDArray[Any], photometric: str = "RGB") -> bytes:
    """Return one RLE frame."""
    encoded: bytes = get_encoder(uid.RLELossless).encode(
        values,
        encoding_plugin="pydicom",
        rows=values.shape[0],
        columns=values.shape[1],
        number_of_frames=1,
        samples_per_pixel=values.shape[2] if values.ndim == 3 else 1,
        bits_allocated=values.dtype.itemsize * 8,
        bits_stored=values.dtype.itemsize * 8,
        pixel_representation=0,
        photometric_interpretation=photometric,
        planar_configuration=0,
        transfer_syntax_uid=uid.RLELossless,
    )
    return encoded


def planes(picture: Picture) -> bytes:
    """Return RGB plane by plane (Planar Configuration 1)."""
    return np.ascontiguousarray(np.moveaxis(picture, -1, 0)).tobytes()


Maker = Callable[[Picture], Dataset]


def _made(photometric: str, encode: Callable[[Picture], bytes], syntax: UID) -> Maker:
    def make(picture: Picture) -> Dataset:
        return with_pixels(dataset(), [encode(picture)], picture.shape, photometric, syntax)

    return make


def _planar(picture: Picture) -> Dataset:
    ds = dataset(PlanarConfiguration=1)
    return with_pixels(ds, [planes(picture)], picture.shape, "RGB")


def _big_endian(picture: Picture) -> Dataset:
    ds = with_pixels(dataset(), [picture.tobytes()], picture.shape, "RGB", uid.ExplicitVRBigEndian)
    ds["PixelData"].VR = "OB"
    return ds


def _wide(picture: Picture) -> Dataset:
    values = picture.astype("<u2") * 257
    return with_pixels(dataset(), [values.tobytes()], picture.shape, "RGB", bits=16)


def grey_file(path: Path, values: NDArray[Any], bits: int = 8, **attributes: Any) -> Path:
    """Write an uncompressed grey image; ``photometric`` and ``signed`` may be given."""
    photometric = attributes.pop("photometric", "MONOCHROME2")
    signed = attributes.pop("signed", False)
    kind = "u1" if bits <= 8 else "<i2" if signed else "<u2"
    frames = [values.astype(kind).tobytes()]
    ds = with_pixels(
        dataset(**attributes), frames, values.shape, photometric, bits=bits, signed=signed
    )
    return saved(ds, path)


def palette_file(path: Path, picture: Picture, bits: int = 16, top: int = 65_535) -> Path:
    """Write an indexed image of at most 256 colours, the palette's values from 0 to ``top``."""
    indexed = Image.fromarray(picture).quantize(64)
    colours = np.array(indexed.getpalette(), np.uint8).reshape(-1, 3)
    ds = dataset()
    for name, channel in zip(("Red", "Green", "Blue"), colours.T, strict=True):
        values = (channel.astype(np.uint32) * top // 255).astype("<u2" if bits == 16 else "u1")
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [len(colours), 0, bits])
        data = values.tobytes() + b"\0" * (len(values.tobytes()) % 2)
        setattr(ds, f"{name}PaletteColorLookupTableData", data)
    values = np.asarray(indexed)
    return saved(with_pixels(ds, [values.tobytes()], values.shape, "PALETTE COLOR"), path)


COLOURED: dict[str, Maker] = {
    "rgb-explicit": _made("RGB", bytes, uid.ExplicitVRLittleEndian),
    "rgb-implicit": _made("RGB", bytes, uid.ImplicitVRLittleEndian),
    "rgb-big-endian": _big_endian,
    "rgb-planar": _planar,
    "rgb-16-bit": _wide,
    "rgb-rle": _made("RGB", rle, uid.RLELossless),
    "ybr-full": _made("YBR_FULL", lambda p: ybr(p).tobytes(), uid.ExplicitVRLittleEndian),
    "ybr-full-rle": _made("YBR_FULL", lambda p: rle(ybr(p), "YBR_FULL"), uid.RLELossless),
    "ybr-full-422": _made("YBR_FULL_422", ybr_422, uid.ExplicitVRLittleEndian),
    "jpeg": _made("YBR_FULL_422", jpeg, uid.JPEGBaseline8Bit),
    "jpeg-bare": _made("YBR_FULL_422", lambda p: jpeg(p, bare=True), uid.JPEGBaseline8Bit),
    "jpeg-extended-8-bit": _made("YBR_FULL", jpeg, uid.JPEGExtended12Bit),
    "jpeg-rgb": _made("RGB", lambda p: jpeg(p, transformed=False), uid.JPEGBaseline8Bit),
    "jpeg-rgb-bare": _made(
        "RGB", lambda p: jpeg(p, transformed=False, bare=True), uid.JPEGBaseline8Bit
    ),
    "jpeg-2000-lossless": _made("YBR_RCT", jpeg_2000, uid.JPEG2000Lossless),
    "jpeg-2000-lossless-rgb": _made(
        "RGB", lambda p: jpeg_2000(p, transformed=False), uid.JPEG2000Lossless
    ),
    "jpeg-2000-lossy": _made("YBR_ICT", lambda p: jpeg_2000(p, lossy=True), uid.JPEG2000),
    "jpeg-2000-ybr": _made(
        "YBR_FULL", lambda p: jpeg_2000(ybr(p), transformed=False), uid.JPEG2000Lossless
    ),
}
"""Every way of storing a colour picture that is read."""

MISLABELLED: dict[str, Maker] = {
    "rgb-said-to-be-ybr": _made("YBR_FULL", bytes, uid.ExplicitVRLittleEndian),
    "ybr-said-to-be-rgb": _made("RGB", lambda p: ybr(p).tobytes(), uid.ExplicitVRLittleEndian),
    "rle-ybr-said-to-be-rgb": _made("RGB", lambda p: rle(ybr(p)), uid.RLELossless),
    "jpeg-ybr-said-to-be-rgb": _made("RGB", lambda p: jpeg(p, bare=True), uid.JPEGBaseline8Bit),
    "jpeg-rgb-said-to-be-ybr": _made(
        "YBR_FULL_422", lambda p: jpeg(p, transformed=False, bare=True), uid.JPEGBaseline8Bit
    ),
    "jpeg-2000-rgb-said-to-be-ybr": _made(
        "YBR_FULL", lambda p: jpeg_2000(p, transformed=False), uid.JPEG2000Lossless
    ),
}
"""Pictures whose label is wrong and whose pixels tell the truth."""
