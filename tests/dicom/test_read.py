import io
from pathlib import Path

import numpy as np
import pytest
from dicom_files import (
    COLOURED,
    MISLABELLED,
    dataset,
    grey_file,
    jpeg,
    jpeg_2000,
    palette_file,
    rgb_file,
    saved,
    smooth_picture,
    with_pixels,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageCms
from pydicom import Dataset, dcmread, uid

from lentigo.dicom.header import read_header
from lentigo.dicom.read import read_photo as read_frame_of
from lentigo.errors import ImageError
from lentigo.imaging.read import (
    MAX_PIXELS,
    DamagedImageError,
    ImageTooLargeError,
    NotAnImageError,
    UnsupportedPixelsError,
    image_size_px,
    read_mask,
    read_photo,
)

PICTURE = smooth_picture()


def difference(pixels: np.ndarray, picture: np.ndarray = PICTURE) -> float:
    return float(np.abs(pixels.astype(int) - picture).mean())


@pytest.mark.parametrize("name", sorted(COLOURED))
def test_every_way_of_storing_colours_gives_the_same_picture(tmp_path: Path, name: str) -> None:
    path = saved(COLOURED[name](PICTURE), tmp_path / "no-suffix")
    photo = read_photo(path)
    assert photo.pixels.shape == PICTURE.shape
    assert photo.pixels.dtype == np.uint8
    assert difference(photo.pixels) < 2
    assert photo.size_px == image_size_px(path) == PICTURE.shape[:2]
    assert photo.path == path
    assert photo.notes == ()


@pytest.mark.parametrize("name", sorted(MISLABELLED))
def test_pixels_are_believed_before_a_wrong_label(tmp_path: Path, name: str) -> None:
    photo = read_photo(saved(MISLABELLED[name](PICTURE), tmp_path / "a.dcm"))
    assert difference(photo.pixels) < 2
    assert [note.code for note in photo.notes] == ["colours-mislabelled"]
    assert "plainly" in photo.notes[0].message


def test_a_jfif_stream_is_ybr_whatever_the_label(tmp_path: Path) -> None:
    ds = with_pixels(dataset(), [jpeg(PICTURE)], PICTURE.shape, "RGB", uid.JPEGBaseline8Bit)
    photo = read_photo(saved(ds, tmp_path / "a.dcm"))
    assert difference(photo.pixels) < 2
    assert photo.notes == ()


def test_a_jpeg_2000_that_was_transformed_is_rgb_whatever_the_label(tmp_path: Path) -> None:
    plain = np.full((64, 64, 3), (200, 120, 130), np.uint8)
    ds = with_pixels(dataset(), [jpeg_2000(plain)], plain.shape, "YBR_FULL", uid.JPEG2000Lossless)
    photo = read_photo(saved(ds, tmp_path / "a.dcm"))
    assert np.array_equal(photo.pixels, plain)
    assert photo.notes == ()


@pytest.mark.parametrize("label", ["RGB", "YBR_FULL"])
def test_a_plain_picture_is_read_as_labelled(tmp_path: Path, label: str) -> None:
    plain = np.full((16, 16, 3), (200, 120, 130), np.uint8)
    ds = with_pixels(dataset(), [plain.tobytes()], plain.shape, label)
    photo = read_photo(saved(ds, tmp_path / "a.dcm"))
    assert photo.notes == ()
    assert np.array_equal(photo.pixels, plain) == (label == "RGB")


@pytest.mark.parametrize(
    ("sop_class", "photometric"),
    [
        (uid.SecondaryCaptureImageStorage, "MONOCHROME1"),
        (uid.SecondaryCaptureImageStorage, "MONOCHROME2"),
        (uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage, "MONOCHROME2"),
    ],
)
def test_grey_is_white_where_its_kind_says_so(
    tmp_path: Path, sop_class: uid.UID, photometric: str
) -> None:
    grey = PICTURE[..., 0]
    path = grey_file(tmp_path / "a.dcm", grey, sop_class=sop_class, photometric=photometric)
    pixels = read_photo(path).pixels
    expected = 255 - grey if photometric == "MONOCHROME1" else grey
    assert np.array_equal(pixels, np.repeat(expected[..., None], 3, axis=2))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_wide_grey_values_fill_their_stored_range(tmp_path: Path, bits: int, signed: bool) -> None:
    grey = PICTURE[..., 0].astype(np.int32)
    values = grey * (2**bits - 1) // 255 - (2 ** (bits - 1) if signed else 0)
    pixels = read_photo(grey_file(tmp_path / "a.dcm", values, bits, signed=signed)).pixels
    assert np.abs(pixels[..., 0].astype(int) - grey).max() <= 1


def test_bits_above_those_stored_do_not_count(tmp_path: Path) -> None:
    values = PICTURE[..., 0].astype(np.uint16) << 4
    dirty = values | 0xF000
    pixels = [
        read_photo(grey_file(tmp_path / f"{name}.dcm", each, 12)).pixels
        for name, each in (("clean", values), ("dirty", dirty))
    ]
    assert np.array_equal(*pixels)


def test_rescale_and_window_choose_what_is_seen(tmp_path: Path) -> None:
    values = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    path = grey_file(
        tmp_path / "a.dcm",
        *(values, 12),
        RescaleSlope=2,
        RescaleIntercept=-1000,
        WindowCenter=[1000, 5],
        WindowWidth=[2001, 5],
    )
    pixels = read_photo(path).pixels[..., 0].ravel()
    shown = 2 * np.arange(4096) - 1000
    assert (pixels[shown <= 0] == 0).all()
    assert (pixels[shown >= 2000] == 255).all()
    assert abs(int(pixels[1000]) - 128) <= 1


def test_a_window_table_is_looked_up(tmp_path: Path) -> None:
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [256, 0, 8])
    table.add_new("LUTData", "US", [255 - value for value in range(256)])
    path = grey_file(tmp_path / "a.dcm", PICTURE[..., 0], VOILUTSequence=[table])
    assert np.array_equal(read_photo(path).pixels[..., 0], 255 - PICTURE[..., 0])


@pytest.mark.parametrize(("bits", "top"), [(16, 65_535), (16, 65_280), (16, 255), (8, 255)])
def test_palettes_are_looked_up_even_when_they_overstate_their_bits(
    tmp_path: Path, bits: int, top: int
) -> None:
    path = palette_file(tmp_path / "a.dcm", PICTURE, bits, top)
    assert difference(read_photo(path).pixels) < 4


def test_a_palette_in_segments_is_refused(tmp_path: Path) -> None:
    path = palette_file(tmp_path / "a.dcm", PICTURE)
    ds = dcmread(path)
    del ds.RedPaletteColorLookupTableData
    with pytest.raises(UnsupportedPixelsError, match="segmented"):
        read_photo(saved(ds, path))


def test_a_colour_profile_is_applied(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = read_photo(rgb_file(tmp_path / "a.dcm", ICCProfile=srgb))
    assert difference(photo.pixels) <= 1
    swapped = srgb.replace(b"rXYZ", b"tmp!").replace(b"bXYZ", b"rXYZ").replace(b"tmp!", b"bXYZ")
    photo = read_photo(rgb_file(tmp_path / "b.dcm", ICCProfile=swapped))
    assert difference(photo.pixels[..., ::-1]) < difference(photo.pixels)
    assert photo.notes == ()


def test_a_broken_colour_profile_is_told_and_left_out(tmp_path: Path) -> None:
    photo = read_photo(rgb_file(tmp_path / "a.dcm", ICCProfile=b"no profile at all!"))
    assert np.array_equal(photo.pixels, PICTURE)
    assert [note.code for note in photo.notes] == ["colour-profile-unusable"]


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEG2000Lossless])
def test_of_many_frames_the_first_is_read_unless_another_is_asked_for(
    tmp_path: Path, syntax: uid.UID
) -> None:
    pictures = [PICTURE, PICTURE[::-1].copy(), PICTURE[:, ::-1].copy()]
    encode = bytes if syntax == uid.ExplicitVRLittleEndian else jpeg_2000
    ds = dataset(uid.MultiFrameTrueColorSecondaryCaptureImageStorage)
    label = "RGB" if encode is bytes else "YBR_RCT"
    ds = with_pixels(ds, [encode(each) for each in pictures], PICTURE.shape, label, syntax)
    path = saved(ds, tmp_path / "a.dcm")
    for number, picture in enumerate(pictures, start=1):
        photo = read_frame_of(path, frame=number)
        assert np.array_equal(photo.pixels, picture)
        assert f"3 frames; this is about frame {number}" in photo.notes[0].message
    assert np.array_equal(read_photo(path).pixels, PICTURE)
    with pytest.raises(ImageError, match="3 frames, and no frame 4"):
        read_frame_of(path, frame=4)


def test_a_large_image_comes_back_reduced_and_keeps_its_size(tmp_path: Path) -> None:
    path = rgb_file(tmp_path / "a.dcm", smooth_picture(300, 400))
    photo = read_photo(path, min_side_px=100)
    assert photo.pixels.shape == (100, 134, 3)
    assert photo.size_px == (300, 400)


def refused(ds: Dataset, folder: Path) -> ImageError:
    path = saved(ds, folder / "refused.dcm")
    with pytest.raises(ImageError) as caught:
        read_photo(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert "Doe" not in message and "4711" not in message
    return caught.value


def test_what_is_no_photo_is_told_by_its_name(tmp_path: Path) -> None:
    path = rgb_file(tmp_path / "a.dcm")
    ds = dcmread(path)
    ds.SOPClassUID = uid.CTImageStorage
    error = refused(ds, tmp_path)
    assert isinstance(error, NotAnImageError)
    assert "CT Image Storage, not a photo" in error.fault
    del ds.SOPClassUID
    assert "without a SOP Class" in refused(ds, tmp_path).fault
    with pytest.raises(NotAnImageError, match="looks like DICOM"):
        read_mask(path)


def test_an_encoding_that_is_not_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    ds = COLOURED["jpeg"](PICTURE)
    ds.file_meta.TransferSyntaxUID = uid.JPEGLosslessSV1
    error = refused(ds, tmp_path)
    assert isinstance(error, UnsupportedPixelsError)
    assert "JPEG Lossless" in error.fault
    assert "dcmdjpeg" in error.fault


def test_a_jpeg_of_twelve_bits_is_told(tmp_path: Path) -> None:
    ds = COLOURED["jpeg-extended-8-bit"](PICTURE)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    assert "JPEG of 12 bits; those of 8 are read" in refused(ds, tmp_path).fault


@pytest.mark.parametrize(
    ("attribute", "value", "kind", "words"),
    [
        ("Rows", 0, DamagedImageError, "no pixels"),
        ("Rows", None, DamagedImageError, "without Rows"),
        ("Rows", [3, 4], DamagedImageError, "not one number"),
        ("Rows", 40_000, DamagedImageError, "cut short"),
        ("SamplesPerPixel", 1, DamagedImageError, "1 samples"),
        ("PhotometricInterpretation", "CMYK", UnsupportedPixelsError, "'CMYK'"),
        ("BitsAllocated", 32, UnsupportedPixelsError, "8-bit and 16-bit"),
        ("BitsStored", 9, UnsupportedPixelsError, "9 bits in 8"),
        ("HighBit", 3, UnsupportedPixelsError, "lowest"),
        ("NumberOfFrames", -1, DamagedImageError, "-1 frames"),
        ("PixelData", None, DamagedImageError, "ends before its pixels"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(
    tmp_path: Path, attribute: str, value: object, kind: type[ImageError], words: str
) -> None:
    ds = dcmread(rgb_file(tmp_path / "a.dcm"))
    if value is None:
        delattr(ds, attribute)
    else:
        setattr(ds, attribute, value)
    error = refused(ds, tmp_path)
    assert isinstance(error, kind)
    assert words in error.fault


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    ds = COLOURED["rgb-rle"](PICTURE)
    ds.Rows = ds.Columns = 30_000
    error = refused(ds, tmp_path)
    assert isinstance(error, ImageTooLargeError)
    assert f"{MAX_PIXELS:,}" in error.fault


@pytest.mark.parametrize("name", ["jpeg", "jpeg-2000-lossless"])
def test_a_stream_larger_than_its_header_says_is_refused(tmp_path: Path, name: str) -> None:
    ds = COLOURED[name](smooth_picture(96, 128))
    ds.Rows, ds.Columns = 48, 64
    assert "says 48×64 pixels and holds a picture of 96×128" in refused(ds, tmp_path).fault


def test_a_colour_stream_under_a_grey_header_is_refused(tmp_path: Path) -> None:
    ds = COLOURED["jpeg"](PICTURE)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    assert "1 samples per pixel and holds a picture of 3" in refused(ds, tmp_path).fault


@pytest.mark.parametrize("name", ["rgb-explicit", "rgb-rle", "jpeg", "jpeg-2000-lossless"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = saved(COLOURED[name](PICTURE), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ImageError):
        read_photo(path)


KEPT = {name: COLOURED[name](PICTURE) for name in ("rgb-explicit", "rgb-rle", "jpeg", "jpeg-bare")}
KEPT |= {name: COLOURED[name](PICTURE) for name in ("jpeg-2000-lossless", "rgb-implicit")}


def as_bytes(ds: Dataset) -> bytes:
    stream = io.BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


ORIGINALS = [as_bytes(ds) for ds in KEPT.values()]
changes = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=6)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's
@settings(max_examples=250, deadline=None)
@given(original=st.sampled_from(ORIGINALS), changed=changes, early=st.booleans())
def test_a_changed_file_gives_a_photo_or_an_image_error(
    tmp_path_factory: pytest.TempPathFactory,
    original: bytes,
    changed: list[tuple[float, bytes]],
    early: bool,
) -> None:
    content = bytearray(original)
    reach = 1600 if early else len(content)  # the header is where it hurts
    for place, new in changed:
        at = 132 + int(place * (reach - 140))
        content[at : at + len(new)] = new
    path = tmp_path_factory.getbasetemp() / "changed.dcm"
    path.write_bytes(content)
    try:
        photo = read_photo(path)
    except ImageError as error:
        assert str(path) in str(error)
        assert "Doe" not in str(error)
    else:
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.shape == (*photo.size_px, 3)


def test_the_patient_is_not_read(tmp_path: Path) -> None:
    path = rgb_file(tmp_path / "a.dcm")
    with path.open("rb") as stream:
        attributes = read_header(path, stream).attributes
    assert "Rows" in attributes
    assert not {"PatientName", "PatientID", "StudyInstanceUID"} & set(attributes.dir())


def test_a_files_content_is_read_like_the_file(tmp_path: Path) -> None:
    path = saved(next(iter(COLOURED.values()))(PICTURE), tmp_path / "a.dcm")
    from_path, from_content = read_photo(path), read_photo(path.read_bytes())
    assert np.array_equal(from_path.pixels, from_content.pixels)
    assert from_content.pixel_spacing_mm == from_path.pixel_spacing_mm
    assert from_content.path is None
