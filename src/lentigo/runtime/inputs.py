"""From what a user names (files, folders, patterns) to the images meant."""

import glob
import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lentigo.errors import LentigoError
from lentigo.imaging.read import READABLE_SUFFIXES


def find_images(paths: Sequence[Path | str], without: Path | None = None) -> list[Path]:
    """Return the images that ``paths`` mean, each once, in a stable order.

    A file is taken whatever its name. A folder stands for the images in it and below, told by
    their suffixes; hidden files are passed over and links to folders are not followed. What is
    neither is a glob pattern (``**`` crosses folders) and means what its matches mean.

    Args:
        paths: Files, folders and glob patterns.
        without: A folder to leave out, such as the one that earlier results were written to.

    Raises:
        LentigoError: One of ``paths`` means no image.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        images = [image for image in _meant(Path(path)) if not _is_inside(image, without)]
        if not images:
            raise LentigoError(_nothing_meant(Path(path)))
        for image in images:
            found.setdefault(image.absolute(), image)
    return list(found.values())


def name_outputs(images: Sequence[Path]) -> list[str]:
    """Return a folder name for each image: its stem, made safe.

    Where two would share one name, even in another case, each gets a suffix made from its path:
    the same names come again on the next run over the same images.
    """
    stems = [re.sub(r"[^\w.-]|^\.", "_", _ascii(image.stem))[:80] for image in images]
    uses = Counter(stem.casefold() for stem in stems)
    return [
        stem if uses[stem.casefold()] == 1 else f"{stem}-{_path_digest(image)}"
        for stem, image in zip(stems, images, strict=True)
    ]


def _meant(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(_images_below(path))
    if path.exists():
        return [path]
    # Path.glob takes no absolute pattern.
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
    return [image for match in matches for image in _meant(match)]


def _images_below(folder: Path) -> list[Path]:
    def stop(error: OSError) -> None:
        raise LentigoError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    return [
        Path(parent) / name
        for parent, _, names in os.walk(folder, onerror=stop)
        for name in names
        if Path(name).suffix.lower() in READABLE_SUFFIXES and not name.startswith(".")
    ]


def _is_inside(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.absolute().is_relative_to(folder.absolute())


def _nothing_meant(path: Path) -> str:
    if path.is_dir():
        return f"{path}: holds no image ({', '.join(sorted(READABLE_SUFFIXES))})"
    if glob.has_magic(str(path)):
        return f"{path}: no file matches this pattern"
    return f"{path}: no such file or folder"


def _ascii(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _path_digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:8]
