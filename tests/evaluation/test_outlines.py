"""Whose masks regions are cut out by, and that they are found once."""

from pathlib import Path

import numpy as np

from lentigo.evaluation.outlines import Kept
from lentigo.imaging.arrays import Mask
from lentigo.imaging.read import Photo


def photo(seed: int) -> Photo:
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Photo(pixels, (12, 16))


class Finder:
    """Finds the bright half, and counts how often it looks."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, seen: Photo) -> Mask:
        self.looks += 1
        return seen.pixels[..., 0] > 127


def test_a_photo_is_looked_at_once(tmp_path: Path) -> None:
    find = Finder()
    first = Kept("one", tmp_path)(photo(0), find)
    again = Kept("one", tmp_path)(photo(0), find)
    assert find.looks == 1
    assert again.dtype == np.bool_
    assert np.array_equal(first, again)
    assert not np.array_equal(Kept("one", tmp_path)(photo(1), find), first)
    assert find.looks == 2


def test_masks_of_another_segmenter_are_not_taken(tmp_path: Path) -> None:
    find = Finder()
    Kept("one", tmp_path)(photo(0), find)
    Kept("other", tmp_path)(photo(0), find)
    assert find.looks == 2


def test_what_cannot_be_kept_is_found_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "outlines").write_text("a file where a folder has to be")
    find = Finder()
    for _ in range(2):
        assert Kept("one", tmp_path)(photo(0), find).any()
    assert find.looks == 2
