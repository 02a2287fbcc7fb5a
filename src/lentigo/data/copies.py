"""Images of a dataset that stand in it more than once, under other ids: the same, or nearly so."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from lentigo.data.duplicates import content_keys
from lentigo.data.near_duplicates import near_duplicates
from lentigo.data.prepared import Progress

Row: TypeAlias = dict[str, Any]

_NAMED = 3  # copies that are named; of thousands, each would name thousands


class Copy(NamedTuple):
    """An image that is a copy of others.

    Attributes:
        kind: ``duplicate``, byte for byte, or ``near-duplicate``.
        row: The manifest's row.
        detail: Of which images, and whether lesion, label or part differ, in words.
    """

    kind: str
    row: Row
    detail: str


def copies(rows: pl.DataFrame, progress: Progress | None = None) -> Iterator[Copy]:
    """Yield each image that is the same as another, then each that is nearly the same.

    Photos of one lesion, by its id, are meant to be alike: of near-duplicates only those are told
    whose lesions differ or are not known.

    Args:
        rows: The manifest, of one source or several.
        progress: Told of each image that is looked at; not called where the result is kept.
    """
    paths = rows["image"].to_list()
    keys = content_keys(paths)
    same: defaultdict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        if key is not None:
            same[key].append(place)
    for places in same.values():
        if len(places) > 1:
            group = [rows.row(place, named=True) for place in places]
            yield from (_copy("duplicate", "same as", row, group) for row in group)

    like: defaultdict[int, list[int]] = defaultdict(list)
    for one, other in near_duplicates(paths, progress):
        if keys[one] != keys[other]:
            like[one].append(other)
            like[other].append(one)
    for place, others in sorted(like.items()):
        row = rows.row(place, named=True)
        group = [rows.row(other, named=True) for other in sorted(others)]
        if strangers := [other for other in group if not _of_one_lesion(row, other)]:
            yield _copy("near-duplicate", "nearly the same as", row, [row, *strangers])


def _of_one_lesion(one: Row, other: Row) -> bool:
    return one["lesion"] is not None and all(
        one[name] == other[name] for name in ("source", "lesion")
    )


def _copy(kind: str, what: str, row: Row, group: Sequence[Row]) -> Copy:
    """Tell of which others of its group a row is a copy, and in what they differ."""
    named = [other for other in group[: _NAMED + 1] if other is not row][:_NAMED]
    names = ", ".join(f"{other['source']} {other['image_id']}" for other in named)
    unnamed = len(group) - 1 - len(named)
    more = f" and {unnamed:,} more" if unnamed else ""
    differs = [name for name in ("lesion", "label", "part") if _differ(row, group, name)]
    return Copy(
        kind,
        row,
        f"{what} {names}{more}" + (f"; another {' and '.join(differs)}" if differs else ""),
    )


def _differ(row: Row, group: Sequence[Row], name: str) -> bool:
    known = {other[name] for other in group} - {None}
    return row[name] is not None and len(known) > 1
