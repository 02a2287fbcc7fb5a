"""Photos of one lesion that are nearly the same: other exposure, colour, sharpness or turn.

Lesion ids miss some of them and some datasets have none. Two photos count as near-duplicates
where their fine structure (network, globules, hair), made independent of light and colour,
correlates at one of the eight turns and mirrorings and a shift of a few pixels. Candidates are
found by a coarse descriptor first (``look_alikes``), so that few pairs are compared in detail.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import IO, Final

import numpy as np
from joblib import cpu_count
from numpy.typing import NDArray
from scipy import fft

from lentigo.data.cache import default_cache_dir
from lentigo.data.look_alikes import Candidates, look_alikes
from lentigo.data.portraits import BLANK, COARSE, SIDE_PX, Floats, portraits
from lentigo.data.prepared import Progress
from lentigo.data.workers import workers
from lentigo.errors import SourceError
from lentigo.files import write_text

FORMAT_VERSION: Final = 3
"""Raise it when the same files would give other pairs, so that kept ones are not used."""

SAME_FROM: Final = 0.35
"""The correlation of fine structure from which on two photos are of one scene. Chosen by eye on the
photos of ISIC 2018 Task 1: nearly all pairs that are plainly one scene reach it, no others do."""

_SHIFT_PX: Final = 6
_PAIRS: Final = 128  # pairs that are compared in detail at a time
_BLOCK: Final = 32  # images that a worker looks at together
_AHEAD: Final = 1024  # images that are looked at before what was found of them is put away
_HELD_BYTES: Final = 2**25


def near_duplicates(
    paths: Sequence[str | None], progress: Progress | None = None
) -> list[tuple[int, int]]:
    """Return the pairs of places in ``paths`` whose images are nearly the same.

    Each image is compared in detail with no more than its eight most similar ones. Up to 4,096
    images these are found among all; of more, among some 4,096 of those most like it, so that the
    comparisons an image do not grow with their number. Of each image about 1 kB is held; its fine
    structure, 9 kB, goes to a temporary file where all are more than ``_HELD_BYTES``. Images that
    are absent or cannot be read are in no pair.

    What was found is kept in the cache, by the files' paths, sizes and times, so that a dataset is
    looked through once and not at every run.

    Args:
        paths: The images' files.
        progress: Told of each image that is looked at; not called where the pairs are kept.

    Returns:
        Pairs (i, j) with i < j, sorted.

    Raises:
        SourceError: The disk has no room for the temporary file.
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
    with _fine_structures(len(paths)) as fine:
        places, waves = _portraits(paths, fine, progress)
        if len(places) < 2:
            return []
        same = list(_same(look_alikes(waves), fine))
    return sorted((min(places[i], places[j]), max(places[i], places[j])) for i, j in same)


@contextmanager
def _fine_structures(images: int) -> Iterator[IO[bytes]]:
    """Yield a file for the fine structure of all images, which goes to the disk if it is large.

    Raises:
        SourceError: The disk is full.
    """
    try:
        with SpooledTemporaryFile(_HELD_BYTES) as fine:
            yield fine
    except OSError as error:
        needed_gb = images * SIDE_PX**2 / 1e9
        raise SourceError(
            f"{gettempdir()}: the search for near-duplicates needs {needed_gb:.1f} GB there for a "
            f"while ({error.strerror}); make room, or set TMPDIR to another folder"
        ) from error


def _portraits(
    paths: Sequence[str | None], fine: IO[bytes], progress: Progress | None
) -> tuple[list[int], Floats]:
    """Return the places of the images that can be read, and their coarse waves, N×12×12."""
    places: list[int] = []
    waves = np.empty((len(paths), COARSE, COARSE), np.float32)
    with workers(len(paths)) as pool:
        for start in range(0, len(paths), _AHEAD):  # a pool takes all that it is given at once
            blocks = range(start, min(start + _AHEAD, len(paths)), _BLOCK)
            drawn = pool.map(portraits, (paths[at : at + _BLOCK] for at in blocks))
            for at, block in zip(blocks, drawn, strict=True):
                waves[len(places) : len(places) + len(block.read)] = block.coarse
                fine.write(block.fine.tobytes())
                places += [at + one for one in block.read]
                for done in range(at, min(at + _BLOCK, len(paths))):
                    if progress is not None:
                        progress(done + 1, len(paths))
    return places, waves[: len(places)]


def _same(candidates: Candidates, fine: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield those candidates whose fine structures, from the file that holds all, agree."""
    for start in range(0, len(candidates.first), _PAIRS):
        some = slice(start, start + _PAIRS)
        first, other, turn = candidates.first[some], candidates.other[some], candidates.turn[some]
        firsts, again = np.unique(first, return_inverse=True)
        ones = _kept(fine, firsts).astype(np.float32)
        others = _kept(fine, other)
        for kind in np.unique(turn):
            others[turn == kind] = turned(others[turn == kind], int(kind))
        alike = _correlations(ones, again, others.astype(np.float32)) >= SAME_FROM
        yield from zip(first[alike].tolist(), other[alike].tolist(), strict=True)


def _kept(fine: IO[bytes], places: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return images' fine structure, N×96×96, from the file that holds all."""
    kept = np.empty((len(places), SIDE_PX, SIDE_PX), np.int8)
    for at, place in enumerate(places.tolist()):
        fine.seek(place * SIDE_PX**2)
        kept[at] = np.frombuffer(fine.read(SIDE_PX**2), np.int8).reshape(kept.shape[1:])
    return kept


def _correlations(ones: Floats, again: NDArray[np.int64], others: Floats) -> Floats:
    """Return the greatest correlation of two structures over small shifts, of N pairs.

    Args:
        ones: M×96×96.
        again: N places in ``ones``: each pair's first.
        others: N×96×96.
    """
    lengths = np.linalg.norm(ones, axis=(1, 2))[again] * np.linalg.norm(others, axis=(1, 2))
    with fft.set_workers(cpu_count()):
        product = fft.rfft2(ones)[again] * np.conj(fft.rfft2(others))
    down, across = _shifts()
    greatest = (down @ (product @ across)).real.max((1, 2))
    return np.asarray(greatest / lengths.clip(BLANK), dtype=np.float32)


@cache
def _shifts() -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Return what makes of waves, 96×49, the correlation at small shifts alone: 13×96 and 49×13.

    The inverse transform at these places; each wave between the first column and the last stands
    for two.
    """
    shifts = np.arange(-_SHIFT_PX, _SHIFT_PX + 1)
    turns = 2j * np.pi / SIDE_PX * np.outer(shifts, np.arange(SIDE_PX))
    inverse = np.exp(turns).astype(np.complex64) / SIDE_PX
    half = inverse[:, : SIDE_PX // 2 + 1].T.copy()
    half[1:-1] *= 2
    return inverse, half


def turned(pictures: NDArray[np.int8], turn: int) -> NDArray[np.int8]:
    """Return pictures ...×S×S at the turn-th of eight: transposed, upside down, mirrored."""
    pictures = pictures.swapaxes(-1, -2) if turn & 4 else pictures
    pictures = pictures[..., ::-1, :] if turn & 2 else pictures
    return pictures[..., ::-1] if turn & 1 else pictures
