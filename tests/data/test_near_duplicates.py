"""Photos of one lesion are found whatever their light and turn; look-alikes are not."""

import errno
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter
from scipy import fft

from lentigo.data import near_duplicates as near_duplicates_module
from lentigo.data.near_duplicates import near_duplicates
from lentigo.data.portraits import Portraits
from lentigo.errors import SourceError
from lentigo.synthetic import draw_lesion


def photo(seed: int, size_px: tuple[int, int] = (192, 256)) -> Image.Image:
    return Image.fromarray(draw_lesion(seed, size_px, hair=True).image)


def warmer(image: Image.Image) -> Image.Image:
    pixels: NDArray[np.float64] = np.asarray(image) * np.array([1.1, 0.95, 0.8])
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


CHANGES = {
    "same": lambda image: image.copy(),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "flatter": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "warmer": warmer,
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "transposed": lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    "smaller": lambda image: image.resize((192, 144), Image.Resampling.LANCZOS),
    "softer": lambda image: image.filter(ImageFilter.GaussianBlur(0.8)),
    "centre square": lambda image: image.crop((32, 0, 224, 192)),
}


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A dozen photos of other lesions of the same kind."""
    folder = tmp_path_factory.mktemp("others")
    for seed in range(12):
        photo(seed).save(folder / f"{seed:02}.png")
    return sorted(map(str, folder.iterdir()))


def test_other_lesions_are_no_duplicates(others: list[str]) -> None:
    assert near_duplicates(others) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_photo_is_found(change: str, others: list[str], tmp_path: Path) -> None:
    again = tmp_path / "again.png"
    CHANGES[change](photo(3)).save(again)
    assert near_duplicates([*others, str(again)]) == [(3, 12)]


def test_files_that_cannot_be_read_are_in_no_pair(others: list[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    paths = [None, str(broken), others[0], str(broken), str(tmp_path / "absent.png"), others[0]]
    assert near_duplicates(paths) == [(2, 5)]
    assert near_duplicates([None, str(broken)]) == []


def test_blank_photos_are_not_taken_for_one_another(tmp_path: Path) -> None:
    for grey in (40, 200):
        Image.new("RGB", (128, 128), (grey,) * 3).save(tmp_path / f"{grey}.png")
    assert near_duplicates([str(tmp_path / "40.png"), str(tmp_path / "200.png")]) == []


def test_files_are_looked_through_once_until_one_changes(
    others: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENTIGO_CACHE", str(tmp_path / "cache"))
    looked: list[str | None] = []
    portraits = near_duplicates_module.portraits

    def counted(paths: Sequence[str | None]) -> Portraits:
        looked.extend(paths)
        return portraits(paths)

    monkeypatch.setattr(near_duplicates_module, "portraits", counted)
    again = tmp_path / "again.png"
    photo(3).save(again)
    paths = [*others, str(again)]
    assert near_duplicates(paths) == near_duplicates(paths) == [(3, 12)]
    assert len(looked) == len(paths)
    photo(5, (120, 160)).save(again)
    assert near_duplicates(paths) == [(5, 12)]
    for kept in (tmp_path / "cache" / "near-duplicates").iterdir():
        kept.write_text("[[3")
    assert near_duplicates(paths) == [(5, 12)]


def test_a_full_disk_is_told_with_what_to_do(
    others: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(near_duplicates_module, "SpooledTemporaryFile", lambda _: Full())
    with pytest.raises(SourceError, match=r"No space left on device.*set TMPDIR"):
        near_duplicates_module._found(others, None)


def test_small_shifts_alone_correlate_as_among_all() -> None:
    generator = np.random.default_rng(0)
    pictures = generator.standard_normal((5, 96, 96), np.float32)
    ones, others = pictures[:2], np.roll(pictures[[0, 1, 0]], (2, -5), (1, 2)) + pictures[2:]
    again = np.array([0, 1, 0])
    every = fft.irfft2(fft.rfft2(ones)[again] * np.conj(fft.rfft2(others)), (96, 96))
    near = np.roll(every, (6, 6), (1, 2))[:, :13, :13].max((1, 2))
    lengths = np.linalg.norm(ones[again], axis=(1, 2)) * np.linalg.norm(others, axis=(1, 2))
    found = near_duplicates_module._correlations(ones, again, others)
    np.testing.assert_allclose(found, near / lengths, atol=1e-5)
    assert found.min() > 0.5


def test_processes_find_what_threads_find(others: list[str], tmp_path: Path) -> None:
    again = tmp_path / "again.png"
    CHANGES["warmer"](photo(3)).save(again)
    many = [str(again), *others, *[None] * 600]
    assert near_duplicates(many) == [(0, 4)]
