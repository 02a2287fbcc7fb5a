"""Splits into parts: deterministic, stratified by label, grouped by lesion and by likeness."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lentigo.data.duplicates import content_keys
from lentigo.data.manifest import group_ids
from lentigo.data.near_duplicates import near_duplicates
from lentigo.data.prepared import Progress
from lentigo.data.sources.table import read_table
from lentigo.errors import SourceError, SplitError
from lentigo.files import write_text


def split(
    manifest: pl.DataFrame,
    fractions: Mapping[str, float],
    seed: int,
    groups: NDArray[np.int32] | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Divide a manifest into parts so that nothing of one lesion stands in two of them.

    Images of one lesion, images whose files are the same byte for byte, and near-duplicates (see
    ``lentigo.data.near_duplicates``) stay together. Each label is divided by the fractions on its
    own. The result depends on the seed and on what the manifest holds, not on the order of rows.

    Args:
        manifest: The dataset.
        fractions: Share of the images for each part; they sum to 1. A share of 0 makes no part.
        seed: Another seed gives another split.
        groups: Each row's group where :func:`linked_groups` has been asked already.
        progress: Told of each image that is looked at for near-duplicates.

    Returns:
        Columns ``image_id`` and ``part``, sorted by ``image_id``.

    Raises:
        SplitError: The fractions do not sum to 1, or a part would be empty.
    """
    shares = _checked(fractions)
    if groups is None:
        groups = linked_groups(manifest, progress)
    order = manifest["image_id"].arg_sort()
    manifest, groups = manifest[order], groups[order.to_numpy()]
    part_of_group = _allot(
        ids=manifest["image_id"].to_list(),
        groups=groups,
        labels=manifest["label"].fill_null(-1).to_numpy(),
        shares=shares,
        seed=seed,
    )
    parts = [part_of_group[group] for group in groups]
    if empty := set(shares) - set(parts):
        raise SplitError(
            f"the part {', '.join(sorted(empty))} would be empty: {manifest.height} images are "
            f"{len(part_of_group)} groups that must stay together; give fewer parts or more data"
        )
    return pl.DataFrame({"image_id": manifest["image_id"], "part": parts})


def linked_groups(manifest: pl.DataFrame, progress: Progress | None = None) -> NDArray[np.int32]:
    """Number each row's group: rows linked by lesion, by identical files, or as near-duplicates.

    Links are transitive: copies of one image under two lesions join both lesions.

    Returns:
        One group number a row, from 0.
    """
    lesions = group_ids(manifest).rank("dense").to_numpy().astype(np.int64) - 1
    first: dict[str, int] = {}
    paths = manifest["image"].to_list()
    links = [
        (first.setdefault(content, lesion), lesion)
        for content, lesion in zip(content_keys(paths), lesions.tolist(), strict=True)
        if content is not None
    ]
    links += [(int(lesions[i]), int(lesions[j])) for i, j in near_duplicates(paths, progress)]
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    count = int(lesions.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, component_of_lesion = connected_components(graph, directed=False)
    numbers: NDArray[np.int32] = component_of_lesion[lesions]
    return numbers


def _checked(fractions: Mapping[str, float]) -> dict[str, float]:
    shares = {part: share for part, share in fractions.items() if share != 0}
    told = ", ".join(f"{part} {share:g}" for part, share in fractions.items())
    if not shares or any(not 0 < share <= 1 for share in shares.values()):
        raise SplitError(f"each part's share must be between 0 and 1, got {told}")
    if not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6):
        raise SplitError(f"the shares must sum to 1, got {told}: {sum(shares.values()):g}")
    return shares


def _allot(
    ids: Sequence[str],
    groups: NDArray[np.int32],
    labels: NDArray[np.int8],
    shares: Mapping[str, float],
    seed: int,
) -> dict[int, str]:
    """Choose a part for each group, within the stratum of its highest label.

    A group is known by its first id, which the order of rows does not change. What one stratum
    gives a part beyond its share is taken off in the next, so that the whole comes out right too.
    """
    first_ids: dict[int, str] = {}
    sizes: dict[int, int] = {}
    strata: dict[int, int] = {}
    for name, group, label in zip(ids, groups.tolist(), labels.tolist(), strict=True):
        first_ids[group] = min(name, first_ids.get(group, name))
        sizes[group] = sizes.get(group, 0) + 1
        strata[group] = max(label, strata.get(group, label))

    order = sorted(sizes, key=lambda group: (-sizes[group], _shuffled(seed, first_ids[group])))
    surplus = dict.fromkeys(shares, 0.0)
    chosen: dict[int, str] = {}
    for stratum in sorted(set(strata.values())):
        members = {group: sizes[group] for group in order if strata[group] == stratum}
        chosen |= _allot_stratum(members, shares, surplus)
    return chosen


def _allot_stratum(
    sizes: Mapping[int, int], shares: Mapping[str, float], surplus: dict[str, float]
) -> dict[int, str]:
    """Choose a part for each group of one stratum; ``surplus`` is brought up to date.

    Each group goes to the part that is furthest behind its share by Webster's rule
    (Sainte-Laguë): the least (images + size / 2) / share. As groups come largest first, the small
    and the large alike are divided by the shares.
    """
    counts = surplus.copy()
    chosen: dict[int, str] = {}
    for group, size in sizes.items():
        scores = {part: (counts[part] + size / 2) / share for part, share in shares.items()}
        chosen[group] = min(scores, key=scores.__getitem__)
        counts[chosen[group]] += size
    total = sum(sizes.values())
    surplus.update({part: counts[part] - share * total for part, share in shares.items()})
    return chosen


def _shuffled(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()


def write_split(parts: pl.DataFrame, path: Path) -> None:
    """Write a split as CSV with the columns ``image_id,part``, whole or not at all."""
    write_text(path, parts.select("image_id", "part").write_csv())


def read_split(path: Path) -> pl.DataFrame:
    """Read a split that ``write_split`` wrote.

    Raises:
        SplitError: The file cannot be read, has a row without a part, or an id twice.
    """
    parts = _table(path, ("image_id", "part")).select("image_id", "part")
    if parts.null_count().sum_horizontal().item():
        raise SplitError(f"{path}: each row must have an image_id and a part")
    twice = parts.filter(pl.col("image_id").is_duplicated())["image_id"]
    if len(twice):
        raise SplitError(f"{path}: image_id {twice[0]} stands more than once")
    return parts


def read_ids(path: Path) -> list[str]:
    """Read ids from a CSV with a column ``image_id``, or from a text with one id a line.

    Raises:
        SplitError: The file cannot be read or holds no id.
    """
    ids = _lines(path)
    if ids and "image_id" in ids[0].casefold():
        ids = _table(path, ("image_id",))["image_id"].drop_nulls().to_list()
    if not ids:
        raise SplitError(f"{path}: no ids; expected one a line, or a CSV with a column image_id")
    return ids


def rows_of_part(manifest: pl.DataFrame, parts: pl.DataFrame, part: str) -> pl.DataFrame:
    """Return the manifest's rows that a split puts into ``part``.

    Raises:
        SplitError: The split has no such part, or names images that the manifest lacks.
    """
    names = parts["part"].unique().sort().to_list()
    if part not in names:
        raise SplitError(f"the split has no part '{part}'; it has: {', '.join(names) or 'none'}")
    return rows_of_ids(manifest, parts.filter(pl.col("part") == part)["image_id"].to_list())


def rows_of_ids(manifest: pl.DataFrame, ids: Sequence[str]) -> pl.DataFrame:
    """Return the manifest's rows with these ids.

    Raises:
        SplitError: The manifest lacks an id.
    """
    absent = sorted(set(ids).difference(manifest["image_id"]))
    if absent:
        raise SplitError(
            f"{len(absent)} of {len(set(ids))} ids are not in the data, such as {absent[0]}; "
            "give the root and the source that the ids were made from"
        )
    return manifest.filter(pl.col("image_id").is_in(list(ids)))


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SplitError(f"{path}: cannot be read as text: {error}") from error
    return [line.strip() for line in lines if line.strip()]


def _table(path: Path, required: Sequence[str]) -> pl.DataFrame:
    try:
        return read_table(path, required)
    except OSError as error:
        raise SplitError(f"{path}: {error.strerror}") from error
    except SourceError as error:
        raise SplitError(str(error)) from error
