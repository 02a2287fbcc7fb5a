"""Which photos of many look most alike, by their coarse waves, at any of eight turns.

All pairs of a few thousand photos are compared. Of more, each photo is compared with those that are
filed near it: photos are filed in cells, each about a mean of photos (the inverted file of Jégou,
Douze and Schmid 2011, section IV, without its product quantiser), so that the comparisons a photo
do not grow with their number.
"""

import warnings
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

NEAREST: Final = 8
"""Of how many others a photo is a candidate at most."""

LIKE_FROM: Final = 0.75
"""The correlation of waves from which on two photos are candidates."""

_CELL: Final = 256  # photos in a cell, on average
_PROBED: Final = 16  # cells that a photo is compared with; up to so many, these are all
_SEEN: Final = 64  # photos a cell from which the means are found
_LARGEST: Final = 1024  # photos of one cell that are compared at a time
_BLOCK: Final = 1024  # photos whose likenesses are held at a time
_MIRRORS: Final = ((0, 0), (0, 1), (1, 0), (1, 1))  # down, across


class Candidates(NamedTuple):
    """Pairs of photos that look alike: N places each, and N turns of 0 to 7.

    The turn is what makes the other most like the first: 4 transposes, then 2 turns upside down,
    then 1 mirrors.
    """

    first: Places
    other: Places
    turn: NDArray[np.int8]


def look_alikes(waves: Floats) -> Candidates:
    """Return each photo's most similar ones, each pair once.

    Args:
        waves: N×K×K cosine coefficients of each photo, of length 1.

    Returns:
        Candidates, sorted by their first.
    """
    found = np.concatenate([_nearest(close) for close in _close_in_blocks(waves)])
    low = np.minimum(found["first"], found["other"])
    high = np.maximum(found["first"], found["other"])
    _, once = np.unique(low * len(waves) + high, return_index=True)
    found = found[np.sort(once)]
    return Candidates(found["first"], found["other"], found["turn"])


_Close = np.dtype([("first", np.int64), ("other", np.int64), ("turn", np.int8), ("like", "f4")])


class _Cells(NamedTuple):
    """Where photos are filed: C means, C×K², and the places of those in each cell."""

    means: Floats
    members: list[Places]


def _filed(flat: Floats) -> _Cells:
    count = max(1, len(flat) // _CELL)
    generator = np.random.default_rng(0)
    seen = flat[generator.choice(len(flat), min(len(flat), _SEEN * count), replace=False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of empty cells, where photos are the same
        means, _ = kmeans2(seen, count, iter=8, minit="points", rng=generator)
    means = (means / np.linalg.norm(means, axis=1, keepdims=True).clip(1e-6)).astype(np.float32)
    cell = np.concatenate(
        [(part @ means.T).argmax(1) for part in np.split(flat, range(4096, len(flat), 4096))]
    )
    ends = np.bincount(cell, minlength=count).cumsum()
    return _Cells(means, np.split(np.argsort(cell, kind="stable"), ends[:-1]))


def _close_in_blocks(waves: Floats) -> Iterator[NDArray[np.void]]:
    """Yield the candidates of each block of photos, at every turn that is close."""
    flat = waves.reshape(len(waves), -1)
    cells = _filed(flat)
    probed = min(_PROBED, len(cells.means))
    for start in range(0, len(waves), _BLOCK):
        turned = _all_turns(waves[start : start + _BLOCK])
        near = np.argpartition(-(turned @ cells.means.T), probed - 1, axis=1)[:, :probed]
        rows = np.argsort(near, axis=None, kind="stable")
        ends = np.bincount(near.ravel(), minlength=len(cells.means)).cumsum()
        found = [np.empty(0, _Close)]
        queries_of = np.split(rows // probed, ends[:-1])
        for queries, members in zip(queries_of, cells.members, strict=True):
            for first in range(0, len(members), _LARGEST):
                some = members[first : first + _LARGEST]
                found.append(_close(turned, queries, flat, some, start))
        yield np.concatenate(found)


def _all_turns(waves: Floats) -> Floats:
    """Return the waves of B pictures, undone by each of the eight turns: 8·B×K².

    Mirroring a picture changes the sign of every other cosine coefficient. What undoes a turn is
    that turn, but for two: of a picture that is transposed, the other axis is to be mirrored.
    """
    side = waves.shape[1]
    signs = np.ones((2, side), np.float32)
    signs[1, 1::2] = -1
    mirrored = np.stack([waves * signs[down][:, None] * signs[across] for down, across in _MIRRORS])
    undone = np.concatenate([mirrored, mirrored.transpose(0, 1, 3, 2)])
    return undone.reshape(8 * len(waves), -1)


def _close(
    turned: Floats, queries: Places, flat: Floats, members: Places, start: int
) -> NDArray[np.void]:
    """Return the candidates among a block's turned photos and a cell's.

    Args:
        turned: 8·B×K², as ``_all_turns`` gives them.
        queries: Those rows of it that are compared with the cell.
        flat: N×K², the waves of all photos.
        members: The places of the cell's photos.
        start: The place of the block's first photo.
    """
    likeness = turned[queries] @ flat[members].T
    close = likeness >= LIKE_FROM
    full = np.flatnonzero(close.sum(1) > NEAREST + 1)
    close[full] &= likeness[full] >= _least_of_nearest(likeness[full])
    places = np.flatnonzero(close)
    rows, columns = np.divmod(places, len(members))
    turns, pictures = np.divmod(queries[rows], len(turned) // 8)
    found = np.empty(len(places), _Close)
    found["first"], found["other"] = pictures + start, members[columns]
    found["turn"], found["like"] = turns, likeness.ravel()[places]
    others: NDArray[np.void] = found[found["first"] != found["other"]]  # not of itself
    return others


def _least_of_nearest(likeness: Floats) -> Floats:
    """Return each row's value of rank ``NEAREST``, N×1, the photo itself not counted."""
    if not len(likeness):
        return np.empty((0, 1), np.float32)
    return np.partition(likeness, -NEAREST - 1, axis=1)[:, -NEAREST - 1, None]


def _nearest(found: NDArray[np.void]) -> NDArray[np.void]:
    """Return each photo's most similar ones, each with its best turn."""
    # One whole number orders by photo, falling likeness and turn: one sort, not three.
    unlike = ((2 - found["like"].astype(np.float64)) * 2**30).astype(np.int64)
    found = found[np.argsort(found["first"] << 35 | unlike << 3 | found["turn"])]
    _, best = np.unique(found["first"] << 32 | found["other"], return_index=True)
    found = found[np.sort(best)]
    _, starts, counts = np.unique(found["first"], return_index=True, return_counts=True)
    rank = np.arange(len(found)) - np.repeat(starts, counts)
    nearest: NDArray[np.void] = found[rank < NEAREST]
    return nearest
