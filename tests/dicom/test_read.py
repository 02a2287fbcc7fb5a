import pytest

pytest.importorskip("pydicom")

from pathlib import Path

import numpy as np
from dicom_files import (
    COLOURED,
    MISLABELLED,
    dataset,
    jpeg,
    saved,
    smooth_picture,
    with_pixels,
)
from pydicom import uid

from lentigo.imaging.read import (
    image_size_px,
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


@pytest.mark.parametrize("label", ["RGB", "YBR_FULL"])
def test_a_plain_picture_is_read_as_labelled(tmp_path: Path, label: str) -> None:
    plain = np.full((16, 16, 3), (200, 120, 130), np.uint8)
    ds = with_pixels(dataset(), [plain.tobytes()], plain.shape, label)
    photo = read_photo(saved(ds, tmp_path / "a.dcm"))
    assert photo.notes == ()
    assert np.array_equal(photo.pixels, plain) == (label == "RGB")
