"""Photos of one lesion are found whatever their light and turn; look-alikes are not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter
from scipy import fft

from lentigo.data import near_duplicates as near_duplicates_module
from lentigo.data.near_duplicates import near_duplicates
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
    portrait = near_duplicates_module._portrait

    def counted(path: str | None):  # type: ignore[no-untyped-def]
        looked.append(path)
        return portrait(path)

    monkeypatch.setattr(near_duplicates_module, "_portrait", counted)
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


def candidates_slowly(waves: NDArray[np.float32]) -> set[tuple[int, int, int]]:
    """Every turn of every image against every other, by plain products."""
    count, side = waves.shape[:2]
    sign = np.where(np.arange(side) % 2, -1, 1)
    found = set()
    for i in range(count):
        likeness = np.empty((8, count))
        for turn in range(8):
            turned = waves.transpose(0, 2, 1) if turn & 4 else waves
            turned = turned * sign[:, None] if turn & 2 else turned
            turned = turned * sign if turn & 1 else turned
            likeness[turn] = (turned * waves[i]).sum((1, 2))
        best = likeness.max(axis=0)
        best[i] = -1
        nearest = np.argsort(-best)[: near_duplicates_module._CANDIDATES]
        close = nearest[best[nearest] >= near_duplicates_module._CANDIDATE_FROM]
        found |= {(i, int(j), int(likeness[:, j].argmax())) for j in close}
    return found


def test_candidates_are_those_of_plain_products(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    side = near_duplicates_module._COARSE
    seeds = generator.normal(size=(12, side, side))
    waves = np.concatenate([seeds + generator.normal(0, 0.35, seeds.shape) for _ in range(14)])
    waves[::3] = waves[::3].transpose(0, 2, 1)
    waves[1::4, 1::2] *= -1
    waves[2::5, :, 1::2] *= -1
    waves = (waves / np.linalg.norm(waves, axis=(1, 2), keepdims=True)).astype(np.float32)
    monkeypatch.setattr(near_duplicates_module, "_BLOCK", 50)
    monkeypatch.setattr(near_duplicates_module, "_TILE", 60)
    found = list(near_duplicates_module._candidates(waves))
    assert len(found) == len(set(found)) > 1000
    assert set(found) == candidates_slowly(waves)


@pytest.mark.parametrize("images", [1, 7, 300])
def test_candidates_are_the_nearest_of_all_pairs_at_all_turns(
    images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicates_module, "_TILE", 128)
    generator = np.random.default_rng(images)
    first = generator.normal(size=(images, 32, 32))
    other = first + generator.normal(scale=0.4, size=first.shape)  # alike, but not the same
    turned = [near_duplicates_module._turned(one, at % 8) for at, one in enumerate(other)]
    waves = fft.dctn(np.concatenate([first, turned]), axes=(1, 2), norm="ortho")[:, :12, :12]
    waves = (waves / np.linalg.norm(waves, axis=(1, 2), keepdims=True)).astype(np.float32)
    found = set(near_duplicates_module._candidates(waves))
    squares = fft.idctn(waves.astype(np.float64), s=(32, 32), axes=(1, 2), norm="ortho")
    likeness = np.stack(
        [
            np.einsum("iab,jab->ij", squares, turned_squares(squares, turn), optimize=True)
            for turn in range(8)
        ]
    )
    for at in range(images):
        mate = images + at
        assert likeness[:, at, mate].argmax() == next(
            t for i, j, t in found if (i, j) == (at, mate)
        )
    expected = {(i, j) for i, j in np.argwhere(likeness.max(axis=0) >= 0.75) if i != j}
    assert {(i, j) for i, j, _ in found} == expected


def turned_squares(squares: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    return np.stack([near_duplicates_module._turned(one, turn) for one in squares])
