"""Files that are the same byte for byte."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lentigo.files import sha256_of


def identical_files(paths: Iterable[str]) -> list[list[str]]:
    """Return the groups of two or more paths whose files have the same content.

    Only files of equal size are read, since others cannot be the same. Files that are missing or
    cannot be read are in no group.

    Returns:
        Sorted groups of sorted paths.
    """
    by_size: defaultdict[int, list[str]] = defaultdict(list)
    for path in set(paths):
        if (size := _size_bytes(path)) is not None:
            by_size[size].append(path)
    candidates = [
        path for same_size in by_size.values() if len(same_size) > 1 for path in same_size
    ]

    by_content: defaultdict[str, list[str]] = defaultdict(list)
    with ThreadPoolExecutor() as pool:
        for path, digest in zip(candidates, pool.map(_digest, candidates), strict=True):
            if digest is not None:
                by_content[digest].append(path)
    return sorted(sorted(group) for group in by_content.values() if len(group) > 1)


def content_keys(paths: Sequence[str | None]) -> list[str | None]:
    """Return a key for each path that is equal where the files' content is; None for no path."""
    groups = identical_files(path for path in paths if path is not None)
    first_of = {path: group[0] for group in groups for path in group}
    return [None if path is None else first_of.get(path, path) for path in paths]


def _size_bytes(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


def _digest(path: str) -> str | None:
    try:
        return sha256_of(Path(path))
    except OSError:
        return None
