import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from lentigo.errors import ImageError
from lentigo.imaging.read import (
    MAX_PIXELS,
    READABLE_SUFFIXES,
    DamagedImageError,
    EmptyFileError,
    ImageTooLargeError,
    NotAnImageError,
    UnreadableFileError,
    UnsupportedPixelsError,
    image_size_px,
    read_mask,
    read_photo,
)


def picture(height: int = 40, width: int = 60, seed: int = 0) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def saved(folder: Path, name: str, image: Image.Image, **options: object) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def png_of(width: int, height: int) -> bytes:
    """A PNG header that claims a size, without the pixels."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize("suffix", sorted(READABLE_SUFFIXES))
def test_every_readable_suffix_is_read(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path, f"photo{suffix}", picture())
    photo = read_photo(path)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.shape == (40, 60, 3)
    assert photo.size_px == image_size_px(path) == (40, 60)
    assert photo.path == path
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture())).mean() < 6


def test_the_content_tells_the_format_not_the_name(tmp_path: Path) -> None:
    picture().save(path := tmp_path / "really-a-png.jpg", "PNG")
    assert np.array_equal(read_photo(path).pixels, np.asarray(picture()))


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyFileError, "0 bytes"),
        (b"just some text", NotAnImageError, "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9", NotAnImageError, "PostScript"),
        (b"GIF89a\1\0\1\0\0\0\0;", NotAnImageError, "GIF"),
        (b"\0\0\0\x18ftypheic", NotAnImageError, "HEIC"),
        (b"\0" * 128 + b"DICM", NotAnImageError, "DICOM"),
        (b"RIFF\x24\0\0\0WAVEfmt ", NotAnImageError, "not an image"),
        (b"\0" * 4096, NotAnImageError, "not an image"),
        (b"\xff\xd8\xff", DamagedImageError, "damaged"),
        (b"\x89PNG\r\n\x1a\n", DamagedImageError, "damaged"),
        (b"II*\0\xff\xff\xff\xff", DamagedImageError, "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", DamagedImageError, "damaged"),
        (b"BM" + b"\0" * 60, DamagedImageError, "damaged"),
        (png_of(0, 5), DamagedImageError, "damaged"),
        (png_of(20_000, 20_000), ImageTooLargeError, "too large"),
        (png_of(10_000, 9_000), ImageTooLargeError, f"{MAX_PIXELS:,}"),
        (png_of(30, 30), DamagedImageError, "damaged"),
    ],
)
def test_what_is_no_image_is_refused_with_its_name_and_fault(
    tmp_path: Path, content: bytes, error: type[ImageError], words: str
) -> None:
    path = tmp_path / "hostile.jpg"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for read in (read_photo, read_mask):
            with pytest.raises(error, match=words) as caught:
                read(path)
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = saved(tmp_path, name, picture(300, 400))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DamagedImageError):
        read_photo(path)


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    for name in ("missing.jpg", "pipe.jpg", "folder.jpg", "nul\0.jpg", "x" * 300):
        with pytest.raises(UnreadableFileError):
            read_photo(tmp_path / name)
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "missing.jpg")
    with pytest.raises(UnreadableFileError, match="No such file"):
        read_photo(tmp_path / "dangling.jpg")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", picture())
    path.chmod(0)
    with pytest.raises(UnreadableFileError, match="ermission"):
        read_photo(path)


def test_many_threads_refuse_a_bomb_alike(tmp_path: Path) -> None:
    (path := tmp_path / "bomb.png").write_bytes(png_of(10_000, 9_000))

    def refused(_: int) -> bool:
        with pytest.raises(ImageTooLargeError):
            read_photo(path)
        return True

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(refused, range(64)))


GREY = np.linspace(0, 255, 60 * 40).reshape(40, 60)


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("grey.png", Image.fromarray(GREY.astype(np.uint8)), GREY),
        ("grey16.png", Image.fromarray((GREY * 257).astype(np.uint16)), GREY),
        ("grey16.tif", Image.fromarray((GREY * 257).astype(np.uint16)), GREY),
        ("int32.tif", Image.fromarray((GREY * 257).astype(np.int32)), GREY),
        ("float.tif", Image.fromarray((GREY / 255).astype(np.float32)), GREY),
        ("one-bit.png", Image.fromarray(GREY > 127), 255 * (GREY > 127)),
    ],
)
def test_grey_of_every_depth_becomes_8_bit_rgb(
    tmp_path: Path, name: str, image: Image.Image, expected: np.ndarray
) -> None:
    pixels = read_photo(saved(tmp_path, name, image)).pixels
    assert pixels.shape == (40, 60, 3)
    assert np.abs(pixels - expected[..., None]).max() <= 1


@pytest.mark.parametrize("values", [[0.0, np.nan], [-1.0, 0.5], [0.0, 300.0], [0.0, np.inf]])
def test_floats_outside_0_to_1_are_refused(tmp_path: Path, values: list[float]) -> None:
    path = saved(tmp_path, "f.tif", Image.fromarray(np.array([values], np.float32)))
    with pytest.raises(UnsupportedPixelsError, match="expected 0–1"):
        read_photo(path)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.tif"):
        pixels = read_photo(saved(tmp_path, name, picture().convert("CMYK"))).pixels
        assert np.abs(pixels.astype(int) - np.asarray(picture())).mean() < 6


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(tmp_path: Path, mode: str) -> None:
    clear = Image.new("RGBA", (9, 9), (200, 30, 30, 0))
    clear.paste((0, 0, 0, 255), (0, 0, 4, 9))
    pixels = read_photo(saved(tmp_path, "clear.png", clear.convert(mode))).pixels
    assert (pixels[:, 5:] == 255).all()
    assert (pixels[:, :4] == 0).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.new("RGB", (64, 32), "black")
    stored.paste("white", (0, 0, 32, 16))  # the stored top left
    path = saved(tmp_path, f"turned.{suffix}", stored, exif=exif)
    photo = read_photo(path)
    shape = (32, 64) if orientation < 5 else (64, 32)
    assert photo.pixels.shape[:2] == photo.size_px == image_size_px(path) == shape
    bright = photo.pixels[..., 0] > 127
    rows, columns = np.argwhere(bright).mean(axis=0) / shape
    corner = {1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"}[orientation]
    assert ("t" if rows < 0.5 else "b") + ("l" if columns < 0.5 else "r") == corner
    assert np.array_equal(read_mask(path), bright)


def test_broken_exif_does_not_cost_the_photo(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jpg", picture(), exif=b"Exif\0\0II*\0\xff\xff\xff\xffrubbish")
    assert read_photo(path).size_px == (40, 60)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("least", [20, 50, 130, 319, 320, 1000])
def test_reduced_decoding_keeps_the_short_side(tmp_path: Path, name: str, least: int) -> None:
    path = saved(tmp_path, name, picture(320, 400), quality=95)
    photo = read_photo(path, min_side_px=least)
    assert photo.size_px == (320, 400)
    assert min(320, least) <= min(photo.pixels.shape[:2]) < max(2 * least, 321)
    same = Image.fromarray(read_photo(path).pixels).resize(photo.pixels.shape[1::-1])
    assert np.abs(photo.pixels.astype(int) - np.asarray(same)).mean() < 4


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (1, 1)])
def test_the_thinnest_images_are_read(tmp_path: Path, size: tuple[int, int]) -> None:
    for name in ("a.jpg", "a.png", "a.tif", "a.bmp", "a.webp"):
        photo = read_photo(saved(tmp_path, name, Image.new("RGB", size)), min_side_px=256)
        assert photo.pixels.shape == (size[1], size[0], 3)


DISC = np.hypot(*np.mgrid[-20:20, -30:30]) < 12


def with_palette(mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(mask.astype(np.uint8))
    image.putpalette([0, 0, 0, *colour])
    return image


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("255.png", Image.fromarray(DISC.astype(np.uint8) * 255)),
        ("1.png", Image.fromarray(DISC.astype(np.uint8))),
        ("bool.bmp", Image.fromarray(DISC)),
        ("16.png", Image.fromarray(DISC.astype(np.uint16) * 65_535)),
        ("palette.png", Image.fromarray(DISC.astype(np.uint8) * 255).convert("P")),
        ("rgb.png", Image.fromarray(DISC.astype(np.uint8) * 255).convert("RGB")),
        ("red.png", Image.fromarray(DISC[..., None] * np.array([255, 0, 0], np.uint8))),
        ("class-colours.png", with_palette(DISC, (128, 0, 0))),  # as in Pascal VOC
        ("classes.png", with_palette(DISC, (1, 1, 1))),
        ("lossy.jpg", Image.fromarray(DISC.astype(np.uint8) * 255)),
        ("float.tif", Image.fromarray(DISC.astype(np.float32))),
        (
            "alpha.png",
            Image.fromarray(np.dstack([np.full((*DISC.shape, 3), 255), DISC * 255]).astype("u1")),
        ),
    ],
)
def test_a_mask_is_the_same_however_it_is_stored(
    tmp_path: Path, name: str, image: Image.Image
) -> None:
    mask = read_mask(saved(tmp_path, name, image))
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, DISC)


@pytest.mark.parametrize("value", [0, 1, 255])
def test_constant_masks_are_all_or_nothing(tmp_path: Path, value: int) -> None:
    path = saved(tmp_path, "m.png", Image.new("L", (8, 5), value))
    assert (read_mask(path) == (value > 0)).all()


def encoded(kind: str) -> bytes:
    picture(24, 32).save(stream := io.BytesIO(), kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_damage_anywhere_gives_pixels_or_an_image_error(
    tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    sound = encoded(kind)
    path = tmp_path_factory.mktemp("damage") / "photo.jpg"

    @settings(max_examples=80, deadline=None)
    @given(
        at=st.integers(0, len(sound) - 1),
        rubbish=st.binary(min_size=1, max_size=8),
        end=st.integers(0, len(sound)),
    )
    def check(at: int, rubbish: bytes, end: int) -> None:
        path.write_bytes((sound[:at] + rubbish + sound[at + len(rubbish) :])[: max(end, at)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for read in readers:
                try:
                    assert read(path).ndim >= 2
                except ImageError as error:
                    assert str(path) in str(error)

    readers: tuple[Callable[[Path], np.ndarray], ...] = (
        lambda path: read_photo(path, min_side_px=8).pixels,
        read_mask,
    )
    check()


def test_content_is_read_as_the_file_it_comes_from(tmp_path: Path) -> None:
    path = saved(tmp_path, "photo.png", picture())
    from_content = read_photo(path.read_bytes())
    assert np.array_equal(from_content.pixels, read_photo(path).pixels)
    assert from_content.path is None
    assert np.array_equal(read_mask(path.read_bytes()), read_mask(path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", EmptyFileError), (b"words", NotAnImageError), (png_of(60, 40), DamagedImageError)],
)
def test_content_that_is_no_image_is_refused(content: bytes, expected: type[ImageError]) -> None:
    with pytest.raises(expected, match=r"^image: "):
        read_photo(content)
