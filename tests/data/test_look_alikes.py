"""Candidates for near-duplicates are those that plain products of all pairs would give."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import fft

from lentigo.data import look_alikes as look_alikes_module
from lentigo.data.look_alikes import LIKE_FROM, NEAREST, Candidates, look_alikes
from lentigo.data.near_duplicates import turned


def as_set(candidates: Candidates) -> set[tuple[int, int, int]]:
    return set(zip(*(column.tolist() for column in candidates), strict=True))


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
        nearest = np.argsort(-best)[:NEAREST]
        close = nearest[best[nearest] >= LIKE_FROM]
        found |= {(i, int(j), int(likeness[:, j].argmax())) for j in close}
    return found


def test_candidates_are_those_of_plain_products(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    side = 12
    seeds = generator.normal(size=(12, side, side))
    waves = np.concatenate([seeds + generator.normal(0, 0.35, seeds.shape) for _ in range(14)])
    waves[::3] = waves[::3].transpose(0, 2, 1)
    waves[1::4, 1::2] *= -1
    waves[2::5, :, 1::2] *= -1
    waves = (waves / np.linalg.norm(waves, axis=(1, 2), keepdims=True)).astype(np.float32)
    monkeypatch.setattr(look_alikes_module, "_BLOCK", 50)
    monkeypatch.setattr(look_alikes_module, "_LARGEST", 60)
    found = as_set(look_alikes(waves))
    slowly = candidates_slowly(waves)
    assert len({(i, j) for i, j, _ in found}) == len(found) > 500
    assert found <= slowly
    assert {frozenset(one[:2]) for one in found} == {frozenset(one[:2]) for one in slowly}


@pytest.mark.parametrize("images", [1, 7, 300])
def test_candidates_are_the_nearest_of_all_pairs_at_all_turns(
    images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_alikes_module, "_LARGEST", 128)
    generator = np.random.default_rng(images)
    first = generator.normal(size=(images, 32, 32))
    other = first + generator.normal(scale=0.4, size=first.shape)  # alike, but not the same
    others = [turned(one, at % 8) for at, one in enumerate(other)]
    waves = fft.dctn(np.concatenate([first, others]), axes=(1, 2), norm="ortho")[:, :12, :12]
    waves = (waves / np.linalg.norm(waves, axis=(1, 2), keepdims=True)).astype(np.float32)
    found = as_set(look_alikes(waves))
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
    expected = {(i, j) for i, j in np.argwhere(likeness.max(axis=0) >= 0.75) if i < j}
    assert {(i, j) for i, j, _ in found} == expected


def turned_squares(squares: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    return np.stack([turned(one, turn) for one in squares])


def test_of_many_photos_mates_at_any_turn_are_found_among_those_filed_near() -> None:
    generator = np.random.default_rng(0)
    photos, mates, side = 6000, 200, 12
    first = generator.normal(size=(photos, side, side)) / (1 + np.arange(side))
    chosen = generator.choice(photos, mates, replace=False)
    squares = fft.idctn(first[chosen], s=(32, 32), axes=(1, 2), norm="ortho")
    squares += generator.normal(scale=0.3 * squares.std(), size=squares.shape)
    again = np.stack([turned(one, at % 8) for at, one in enumerate(squares)])
    mate = fft.dctn(again, axes=(1, 2), norm="ortho")[:, :side, :side]
    waves = np.concatenate([first, mate])
    waves = (waves / np.linalg.norm(waves, axis=(1, 2), keepdims=True)).astype(np.float32)
    found = {frozenset(one[:2]) for one in as_set(look_alikes(waves))}
    planted = {frozenset((int(one), photos + at)) for at, one in enumerate(chosen)}
    assert planted <= found


def test_photos_that_are_all_the_same_have_few_candidates_each() -> None:
    waves = np.zeros((3000, 12, 12), np.float32)
    waves[:, 0, 1] = 1
    found = look_alikes(waves)
    assert 3000 <= len(found.first) <= 3000 * NEAREST
