"""What a data source is, and the registry of all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from lentigo.data.manifest import build_manifest
from lentigo.errors import SourceError
from lentigo.registry import Registry

Reader = Callable[[Path], pl.DataFrame]


@dataclass(frozen=True)
class Source:
    """A dataset's official layout and how to read it.

    Attributes:
        name: What recipes and commands call it.
        layout: The files that are looked for, as a text for people.
        rows: Reads the manifest's columns from an existing root; no rows where nothing is found.
        licence: Its terms, which models trained on it carry.
    """

    name: str
    layout: str
    rows: Reader
    licence: str

    def read(self, root: Path) -> pl.DataFrame:
        """Return the manifest of the dataset below ``root``.

        Raises:
            SourceError: ``root`` is not what the layout says; the message tells the layout.
        """
        root = root.expanduser().absolute()
        if not root.exists():
            raise SourceError(f"{root}: no such file or folder; {self.name} expects {self.layout}")
        try:
            rows = self.rows(root)
        except OSError as error:
            raise SourceError(f"{error.filename or root}: {error.strerror}") from error
        if rows.is_empty():
            raise SourceError(f"{root}: not a {self.name} dataset; looked for {self.layout}")
        return build_manifest(rows, self.name)


SOURCES: Final[Registry[Source]] = Registry("data source")


def source(name: str, layout: str, licence: str) -> Callable[[Reader], Reader]:
    """Return a decorator that files a reader in ``SOURCES`` and leaves it as it is."""

    def file(rows: Reader) -> Reader:
        SOURCES.register(name)(Source(name, layout, rows, licence))
        return rows

    return file


def read_source(name: str, root: Path) -> pl.DataFrame:
    """Return the manifest of the source called ``name`` below ``root``.

    Raises:
        UnknownNameError: No such source.
        SourceError: ``root`` is not what the source expects.
    """
    return SOURCES[name].read(root)
