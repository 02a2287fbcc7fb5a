"""Photos of one lesion that are nearly the same: other exposure, colour, sharpness or turn.

Lesion ids miss some of them and some datasets have none. Two photos count as near-duplicates
where their fine structure (network, globules, hair), made independent of light and colour,
correlates at one of the eight turns and mirrorings and a shift of a few pixels. Candidates are
found by a coarse descriptor first, so that few pairs are compared in detail.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft, ndimage

from lentigo.data.cache import default_cache_dir
from lentigo.errors import ImageError
from lentigo.files import write_text
from lentigo.imaging.read import read_photo

Floats = NDArray[np.float32]

FORMAT_VERSION: Final = 1
"""Raise it when the same files would give other pairs, so that kept ones are not used."""

SAME_FROM: Final = 0.35
"""The correlation of fine structure from which on two photos are of one scene. Chosen by eye on the
photos of ISIC 2018 Task 1: nearly all pairs that are plainly one scene reach it, no others do."""

_SIDE_PX: Final = 96
_COARSE: Final = 12  # coefficients along each axis of the coarse descriptor
_CANDIDATE_FROM: Final = 0.75
_CANDIDATES: Final = 8  # nearest images that are compared in detail with each one
_SHIFT_PX: Final = 6
_BLOCK: Final = 512  # images whose similarities are held at a time
_BLANK: Final = 1e-6


def near_duplicates(paths: Sequence[str | None]) -> list[tuple[int, int]]:
    """Return the pairs of places in ``paths`` whose images are nearly the same.

    Each image is compared in detail with no more than its eight most similar ones, so that work
    after the coarse search grows with the number of images; the search itself is one product of
    n × 144 matrices a turn. About 10 kB are held for each image. Images that are absent or cannot
    be read are in no pair.

    What was found is kept in the cache, by the files' paths, sizes and times, so that a dataset is
    looked through once and not at every run.

    Returns:
        Pairs (i, j) with i < j, sorted.
    """
    kept = default_cache_dir() / "near-duplicates" / f"{_key(paths)}.json"
    try:
        return [(i, j) for i, j in json.loads(kept.read_bytes())]
    except (OSError, ValueError):  # not there, or not whole
        pairs = _found(paths)
        with suppress(OSError):  # a full disk costs time, not the result
            write_text(kept, json.dumps(pairs))
        return pairs


def _key(paths: Sequence[str | None]) -> str:
    digest = hashlib.sha256(repr(FORMAT_VERSION).encode())
    for path in paths:
        digest.update(repr((path, _stamp(path))).encode())
    return digest.hexdigest()[:32]


def _stamp(path: str | None) -> tuple[int, int] | None:
    try:
        status = Path(path).stat() if path is not None else None
    except (OSError, ValueError):
        return None
    return status and (status.st_size, status.st_mtime_ns)


def _found(paths: Sequence[str | None]) -> list[tuple[int, int]]:
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(_portrait, paths))
    places = [i for i, portrait in enumerate(read) if portrait is not None]
    portraits = [portrait for portrait in read if portrait is not None]
    if len(portraits) < 2:
        return []
    pairs = set()
    for i, j, turn in _candidates(np.stack([portrait.coarse for portrait in portraits])):
        if _correlation(portraits[i].fine, _turned(portraits[j].fine, turn)) >= SAME_FROM:
            pairs.add((min(places[i], places[j]), max(places[i], places[j])))
    return sorted(pairs)


class _Portrait(NamedTuple):
    """A photo's middle square: coarse, 12×12 waves of length 1; fine, its structure, int8 96×96."""

    coarse: Floats
    fine: NDArray[np.int8]


def _portrait(path: str | None) -> _Portrait | None:
    if path is None:
        return None
    try:
        pixels = read_photo(path, min_side_px=2 * _SIDE_PX).pixels
    except ImageError:
        return None
    grey = Image.fromarray(pixels).convert("L")
    side = min(grey.size)
    left, top = (grey.width - side) // 2, (grey.height - side) // 2
    box = (left, top, left + side, top + side)
    square = np.asarray(grey.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX, box=box))
    return _Portrait(_coarse(square.astype(np.float32)), _fine(square.astype(np.float32)))


def _coarse(square: Floats) -> Floats:
    """Return the low frequencies, but for the slowest, which are light."""
    small = square.reshape(32, 3, 32, 3).mean((1, 3))
    detail = small - ndimage.gaussian_filter(small, 6)
    waves = fft.dctn(detail, norm="ortho")[:_COARSE, :_COARSE]
    return np.asarray(waves / max(float(np.linalg.norm(waves)), _BLANK), dtype=np.float32)


def _fine(square: Floats) -> NDArray[np.int8]:
    """Return windowed detail, each place and each wave divided by (the root of) its strength.

    Else all pictures of a small dark spot on plain skin would be alike.
    """
    detail = square - ndimage.gaussian_filter(square, 2.5)
    strength = np.sqrt(ndimage.gaussian_filter(detail**2, 6))
    window = np.hanning(_SIDE_PX + 2)[1:-1].astype(np.float32)
    even = detail / (strength + 1) * window[:, None] * window
    waves = fft.rfft2(even - even.mean())
    whitened = fft.irfft2(waves / np.sqrt(np.maximum(np.abs(waves), _BLANK)), square.shape)
    return np.asarray(whitened * (127 / max(float(np.abs(whitened).max()), _BLANK)), dtype=np.int8)


def _correlation(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    """Return the greatest correlation of two structures over small shifts."""
    first, second = one.astype(np.float32), other.astype(np.float32)
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    shifted = fft.irfft2(fft.rfft2(first) * np.conj(fft.rfft2(second)), first.shape)
    near = np.roll(shifted, (_SHIFT_PX, _SHIFT_PX), (0, 1))
    return float(near[: 2 * _SHIFT_PX + 1, : 2 * _SHIFT_PX + 1].max()) / max(length, _BLANK)


def _turned(picture: NDArray[np.int8], turn: int) -> NDArray[np.int8]:
    """Return the turn-th of the eight turns and mirrorings: transposed, upside down, mirrored."""
    picture = picture.T if turn & 4 else picture
    picture = picture[::-1] if turn & 2 else picture
    return picture[:, ::-1] if turn & 1 else picture


def _turned_waves(waves: Floats, turn: int) -> Floats:
    """Do to cosine coefficients what :func:`_turned` does to the picture: odd waves change sign."""
    sign = np.where(np.arange(_COARSE) % 2, np.float32(-1), np.float32(1))
    waves = waves.transpose(0, 2, 1) if turn & 4 else waves
    waves = waves * sign[:, None] if turn & 2 else waves
    return waves * sign if turn & 1 else waves


def _candidates(waves: Floats) -> Iterator[tuple[int, int, int]]:
    """Yield image, similar image, and the turn that makes the second most like the first."""
    count = len(waves)
    kept = min(_CANDIDATES, count - 1)
    turned = [_turned_waves(waves, turn).reshape(count, -1) for turn in range(8)]
    for start in range(0, count, _BLOCK):
        block = waves[start : start + _BLOCK].reshape(-1, _COARSE**2)
        likeness = block @ turned[0].T
        turn_of = np.zeros(likeness.shape, np.uint8)
        for turn in range(1, 8):
            other = block @ turned[turn].T
            better = other > likeness
            likeness[better], turn_of[better] = other[better], turn
        rows = np.arange(len(block))
        likeness[rows, start + rows] = -1  # an image is no duplicate of itself
        nearest = np.argpartition(-likeness, kept - 1, axis=1)[:, :kept]
        for row, column in zip(np.repeat(rows, kept), nearest.ravel(), strict=True):
            if likeness[row, column] >= _CANDIDATE_FROM:
                yield start + int(row), int(column), int(turn_of[row, column])
