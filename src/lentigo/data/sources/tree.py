"""The names below a dataset's root, listed once; all names are compared without regard to case."""

import logging
import os
import re
from pathlib import Path
from typing import Final

IMAGE_SUFFIX: Final = r"\.(?:jpe?g|png|bmp|tiff?|webp)"
_log = logging.getLogger(__name__)
_DEPTH: Final = 3  # archives unpack into a folder of their own name, often inside one more


class Tree:
    """Folders and files below a root, down to a depth.

    Hidden names and the folders that macOS adds to archives are left out; so is, with a warning,
    a sub-folder that cannot be listed. Each folder is listed once and no file is opened or asked
    for its status.
    """

    def __init__(self, root: Path, known: str = "", depth: int = _DEPTH) -> None:
        """List the names.

        Args:
            root: The dataset's root, or one of the folders that ``known`` names; then its
                neighbours that ``known`` names are listed too, since masks and tables stand beside
                the images.
            known: Pattern of the folder and table names that the dataset consists of.
            depth: How many levels of folders are listed below the root.
        """
        self.files: dict[Path, list[str]] = {}
        if known and matches(known, root.name):
            self._list_neighbours(root.parent, known, depth)
        else:
            self._list(root, depth)

    def _list_neighbours(self, parent: Path, known: str, depth: int) -> None:
        folders, names = _scan(parent)
        self.files[parent] = [name for name in names if matches(known, name)]
        for folder in folders:
            if matches(known, folder.name):
                self._list(folder, depth - 1)

    def _list(self, folder: Path, depth: int) -> None:
        folders, self.files[folder] = _scan(folder)
        for below in folders if depth else ():
            try:
                self._list(below, depth - 1)
            except OSError as error:  # such as lost+found at the root of a disk
                _log.warning("%s: left out, cannot be listed (%s)", below, error.strerror)

    def find(self, name: str, folder: str = ".*") -> dict[str, Path]:
        """Return the files called ``name`` in the folders called ``folder``, by id.

        Args:
            name: Pattern of the whole file name; its first group is the id.
            folder: Pattern of the whole name of the file's folder, or of the folder around that.

        Returns:
            The first file of each id, in capitals, nearest to the root first.
        """
        pattern = re.compile(name, re.IGNORECASE)
        found: dict[str, Path] = {}
        for place in sorted(self.files, key=lambda path: (len(path.parts), path)):
            if not (matches(folder, place.name) or matches(folder, place.parent.name)):
                continue
            for file in self.files[place]:
                if match := pattern.fullmatch(file):
                    found.setdefault(match[1].upper(), place / file)
        return found

    def table(self, name: str) -> Path | None:
        """Return the file called ``name`` that is nearest to the root, or None."""
        return next(iter(self.find(f"({name})").values()), None)


def matches(pattern: str, name: str) -> bool:
    """Tell whether ``pattern`` matches the whole of ``name``, without regard to case."""
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None


def _scan(folder: Path) -> tuple[list[Path], list[str]]:
    folders, files = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if _is_folder(entry):
                folders.append(folder / entry.name)
            else:
                files.append(entry.name)
    return sorted(folders), sorted(files)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in circles
        return False
