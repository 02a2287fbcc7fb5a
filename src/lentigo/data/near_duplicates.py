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
from tempfile import SpooledTemporaryFile
from typing import IO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft, ndimage

from lentigo.data.cache import default_cache_dir
from lentigo.data.prepared import Progress
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
_BLOCK: Final = 256  # images whose likenesses to _TILE others are held at a time
_TILE: Final = 2048
_HELD_BYTES: Final = 2**28
_BLANK: Final = 1e-6
_MIRRORS: Final = ((0, 0), (0, 1), (1, 0), (1, 1))  # down, across


def near_duplicates(
    paths: Sequence[str | None], progress: Progress | None = None
) -> list[tuple[int, int]]:
    """Return the pairs of places in ``paths`` whose images are nearly the same.

    Each image is compared in detail with no more than its eight most similar ones, so that this
    work grows with the number of images; the search for those is eight products of n × 144
    matrices, which grow with its square. About 1 kB is held for each image; its fine structure,
    9 kB, goes to a temporary file where all are more than ``_HELD_BYTES``. Images that are absent
    or cannot be read are in no pair.

    What was found is kept in the cache, by the files' paths, sizes and times, so that a dataset is
    looked through once and not at every run.

    Args:
        paths: The images' files.
        progress: Told of each image that is looked at; not called where the pairs are kept.

    Returns:
        Pairs (i, j) with i < j, sorted.
    """
    kept = default_cache_dir() / "near-duplicates" / f"{_key(paths)}.json"
    try:
        return [(i, j) for i, j in json.loads(kept.read_bytes())]
    except (OSError, ValueError):  # not there, or not whole
        pairs = _found(paths, progress)
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


def _found(paths: Sequence[str | None], progress: Progress | None) -> list[tuple[int, int]]:
    places: list[int] = []
    waves: list[Floats] = []
    with ThreadPoolExecutor() as pool, SpooledTemporaryFile(_HELD_BYTES) as fine:
        for place, portrait in enumerate(pool.map(_portrait, paths)):
            if portrait is not None:
                places.append(place)
                waves.append(portrait.coarse)
                fine.write(portrait.fine.tobytes())
            if progress is not None:
                progress(place + 1, len(paths))
        if len(places) < 2:
            return []
        pairs = set()
        for i, j, turn in _candidates(np.stack(waves)):
            if _correlation(_kept(fine, i), _turned(_kept(fine, j), turn)) >= SAME_FROM:
                pairs.add((min(places[i], places[j]), max(places[i], places[j])))
    return sorted(pairs)


def _kept(fine: IO[bytes], place: int) -> NDArray[np.int8]:
    """Return one image's fine structure from the file that holds all."""
    fine.seek(place * _SIDE_PX**2)
    return np.frombuffer(fine.read(_SIDE_PX**2), np.int8).reshape(_SIDE_PX, _SIDE_PX)


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


_Close = np.dtype([("image", np.int64), ("other", np.int64), ("turn", np.int8), ("like", "f4")])


def _candidates(waves: Floats) -> Iterator[tuple[int, int, int]]:
    """Yield image, similar image, and the turn that makes the second most like the first.

    Args:
        waves: N×12×12, each of length 1.
    """
    others = waves.reshape(len(waves), -1).T
    for start in range(0, len(waves), _BLOCK):
        turned = _all_turns(waves[start : start + _BLOCK])
        found = [
            _close(turned, others[:, first : first + _TILE], start, first)
            for first in range(0, len(waves), _TILE)
        ]
        yield from _nearest(np.concatenate(found))


def _all_turns(waves: Floats) -> Floats:
    """Return the waves of B pictures, undone by each of the eight turns: 8×B×144.

    Mirroring a picture changes the sign of every other cosine coefficient. What undoes a turn is
    that turn, but for two: of a picture that is transposed, the other axis is to be mirrored.
    """
    signs = np.ones((2, _COARSE), np.float32)
    signs[1, 1::2] = -1
    mirrored = np.stack([waves * signs[down][:, None] * signs[across] for down, across in _MIRRORS])
    undone = np.concatenate([mirrored, mirrored.transpose(0, 1, 3, 2)])
    return undone.reshape(8, len(waves), -1)


def _close(turned: Floats, tile: Floats, image: int, other: int) -> NDArray[np.void]:
    """Return the pairs of a block and a tile that are candidates, at every turn that is close.

    Args:
        turned: 8×B×144, as ``_all_turns`` gives them; the first picture is number ``image``.
        tile: 144×T; its first is number ``other``.
        image: See ``turned``.
        other: See ``tile``.
    """
    likeness = turned.reshape(-1, turned.shape[2]) @ tile
    places = np.flatnonzero(likeness >= _CANDIDATE_FROM)
    rows, columns = np.divmod(places, tile.shape[1])
    turns, pictures = np.divmod(rows, turned.shape[1])
    found = np.empty(len(places), _Close)
    found["image"], found["other"] = pictures + image, columns + other
    found["turn"], found["like"] = turns, likeness[rows, columns]
    others: NDArray[np.void] = found[found["image"] != found["other"]]  # not of itself
    return others


def _nearest(found: NDArray[np.void]) -> Iterator[tuple[int, int, int]]:
    """Yield each image's most similar ones, each with its best turn."""
    found = found[np.lexsort((found["turn"], -found["like"], found["image"]))]
    _, first = np.unique(found["image"] << 32 | found["other"], return_index=True)
    found = found[np.sort(first)]
    _, starts, counts = np.unique(found["image"], return_index=True, return_counts=True)
    rank = np.arange(len(found)) - np.repeat(starts, counts)
    for one in found[rank < _CANDIDATES]:
        yield int(one["image"]), int(one["other"]), int(one["turn"])
