"""Attacks that got through once: each is refused before it costs anything."""

import struct
import tracemalloc
from io import BytesIO

import numpy as np
import pytest
from corpus import tiff_files
from corpus.png_files import plain
from corpus.seeds import dicom_bytes, drawn
from dicom_files import dataset, rle, with_pixels
from PIL import Image
from pydicom import uid

from lentigo.errors import ImageError
from lentigo.imaging.convert import rgb_pixels
from lentigo.imaging.read import MAX_SIDE_PX, DamagedImageError, ImageTooLargeError, read_photo


def test_a_small_picture_in_a_vast_tile_is_refused() -> None:
    tags = {
        **{tiff_files.WIDTH: 64, tiff_files.HEIGHT: 48, tiff_files.BITS: 8},
        **{tiff_files.COMPRESSION: tiff_files.DEFLATE, tiff_files.PHOTOMETRIC: 1},
        **{tiff_files.TILE_WIDTH: 31_616, tiff_files.TILE_HEIGHT: 31_616},
        **{tiff_files.TILE_OFFSETS: 8, tiff_files.TILE_COUNTS: 100},
    }
    with pytest.raises(ImageTooLargeError, match="tiles of 31616×31616 pixels"):
        read_photo(tiff_files.tiff(tags, bytes(100)))


def test_a_picture_of_endless_rows_is_refused() -> None:
    assert read_photo(plain(1, MAX_SIDE_PX)).size_px == (MAX_SIDE_PX, 1)
    for size in ((1, MAX_SIDE_PX + 1), (MAX_SIDE_PX + 1, 1)):
        with pytest.raises(ImageTooLargeError, match="a side may have 65,535"):
            read_photo(plain(*size))


def test_runs_that_go_on_and_on_are_refused_and_sound_ones_are_not() -> None:
    def coded(runs: bytes, shape: tuple[int, ...], photometric: str) -> bytes:
        ds = with_pixels(dataset(), [runs], shape, photometric, uid.RLELossless)
        return dicom_bytes(ds)

    endless = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * 1000
    with pytest.raises(DamagedImageError, match="bytes of runs for 1×1 pixels"):
        read_photo(coded(endless, (1, 1), "MONOCHROME2"))
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)  # nothing to gain
    for picture in (drawn(), noise):
        assert read_photo(coded(rle(picture), picture.shape, "RGB")).size_px == picture.shape[:2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.5, 3e38])
def test_values_without_a_range_are_refused(value: float) -> None:
    values = np.full((48, 64), 0.5, np.float32)
    values[5, 5] = value
    with pytest.raises(ImageError, match="grey values from"):
        read_photo(tiff_files.floats(values))


def test_a_large_photo_is_made_small_before_it_is_copied() -> None:
    image = Image.open(BytesIO(plain(4000, 3000, colour=2)))
    image.load()
    tracemalloc.start()
    small = rgb_pixels(image, min_side_px=500)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert small.shape == (500, 667, 3)
    assert peak < 4000 * 3000
