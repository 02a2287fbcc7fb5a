"""Hostile and broken files, made anew each time and the same each time.

Nothing of them is stored: sound files (`corpus.seeds`) are broken at random by a fixed seed
(`corpus.mutate`), taken apart and put together wrongly with checksums mended, or built by hand.
"""

from collections.abc import Iterator
from itertools import chain

from corpus import (
    bmp_webp_files,
    dicom_attacks,
    extremes,
    jpeg_files,
    mutate,
    other_files,
    png_files,
    tiff_files,
)
from corpus.hostile import Hostile

__all__ = ["Hostile", "hostile_files", "quick_files"]

_QUICK = (
    mutate.files,
    png_files.files,
    jpeg_files.files,
    tiff_files.files,
    bmp_webp_files.files,
    dicom_attacks.files,
    other_files.files,
)


def hostile_files() -> Iterator[Hostile]:
    """Yield them all, one at a time: some are as large as a request may be."""
    return chain(quick_files(), extremes.files())


def quick_files() -> Iterator[Hostile]:
    """Yield those that are neither near the pixel limit nor made to take long."""
    return chain.from_iterable(source() for source in _QUICK)
