"""From what a user names (files, folders, patterns) to the images meant."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lentigo.imaging.read import READABLE_SUFFIXES, UnreadableFileError
from lentigo.imaging.readers import has_reader
from lentigo.runtime.outputs import is_result


@dataclass(frozen=True)
class Inputs:
    """What a user's paths mean.

    Attributes:
        images: The image files, each once, in a stable order.
        wrong: A fault for each path that means no image.
        unlisted: A fault for each sub-folder that cannot be listed.
    """

    images: tuple[Path, ...]
    wrong: tuple[UnreadableFileError, ...] = ()
    unlisted: tuple[UnreadableFileError, ...] = ()


def find_images(paths: Sequence[Path | str], out_dir: Path | None = None) -> Inputs:
    """Return the images that ``paths`` mean, and what is wrong with the other paths.

    A file is taken whatever its name. A folder stands for the images in it and below, told by
    their suffixes, DICOM files by their content; hidden names are passed over and links to folders
    are not followed. What is neither is a glob pattern (``**`` crosses folders) and means what its
    matches mean.

    Args:
        paths: Files, folders and glob patterns.
        out_dir: Where results are written to: those of earlier runs are no images to look at.
    """
    found: dict[Path, Path] = {}
    wrong: list[UnreadableFileError] = []
    unlisted: list[UnreadableFileError] = []
    for path in map(Path, paths):
        faults: list[UnreadableFileError] = []
        images = _meant(path, out_dir, faults)
        if images:
            unlisted += faults
        else:
            wrong += faults or [UnreadableFileError(path, _nothing_meant(path))]
        for image in images:
            found.setdefault(image.absolute(), image)
    return Inputs(tuple(found.values()), tuple(wrong), tuple(unlisted))


def _meant(path: Path, out_dir: Path | None, faults: list[UnreadableFileError]) -> list[Path]:
    """Return the images that one path means; add what cannot be listed to ``faults``."""
    # These two, unlike Path's, take a path that cannot be looked up for one that is not there.
    if os.path.isdir(path):  # noqa: PTH112
        return [
            image
            for image in sorted(_images_below(path, faults))
            if out_dir is None or not is_result(image, out_dir)
        ]
    if os.path.lexists(path):
        return [path]
    # Path.glob takes no absolute pattern.
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
    return [image for match in matches for image in _meant(match, out_dir, faults)]


def _images_below(folder: Path, faults: list[UnreadableFileError]) -> list[Path]:
    def note(error: OSError) -> None:
        faults.append(UnreadableFileError(error.filename, f"cannot be listed ({error.strerror})"))

    images = []
    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        images += [
            Path(parent) / name
            for name in names
            if not name.startswith(".") and _is_image(Path(parent) / name)
        ]
    return images


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in READABLE_SUFFIXES or has_reader(path)


def _nothing_meant(path: Path) -> str:
    if os.path.isdir(path):  # noqa: PTH112
        return f"holds no image ({', '.join(sorted(READABLE_SUFFIXES))}, DICOM)"
    if glob.has_magic(str(path)):
        return "no file matches this pattern"
    return "no such file or folder"
