"""Which near-duplicates the search in cells misses that a search among all pairs finds.

Searches a dataset as ``data audit`` does; with every cell probed, which is a search among all
pairs; and with as many cells as a dataset of 100,000 photos has, where fewer pairs are looked at.
Writes ``results/benchmarks/look_alikes.json``.

    python benchmarks/look_alikes.py ham10000=HAM isic2018-task1=ISIC
"""

import sys
from pathlib import Path
from typing import Any
from unittest import mock

from side_by_side import RESULTS, write

from lentigo.data import look_alikes, near_duplicates
from lentigo.data.sources import read_source

LARGE = 100_000


def pairs_found(
    paths: list[str], cell: int = look_alikes._CELL, probed: int = look_alikes._PROBED
) -> set[tuple[int, int]]:
    """Return the pairs that a search finds; nothing is taken from the cache."""
    with mock.patch.multiple(look_alikes, _CELL=cell, _PROBED=probed):
        return set(near_duplicates._found(paths, None))


def measure(paths: list[str]) -> dict[str, Any]:
    """Count the pairs that each way finds."""
    among_all = pairs_found(paths, probed=len(paths))
    smaller = max(1, look_alikes._CELL * len(paths) // LARGE)
    return {
        "photos": len(paths),
        "pairs_among_all": len(among_all),
        "of_these_found": len(among_all & pairs_found(paths)),
        f"of_these_found_in_the_cells_of_{LARGE}_photos": len(
            among_all & pairs_found(paths, cell=smaller)
        ),
    }


if __name__ == "__main__":
    result = {}
    for argument in sys.argv[1:]:
        source, _, root = argument.partition("=")
        result[source] = measure(read_source(source, Path(root))["image"].to_list())
        print(source, result[source], flush=True)
    write("look_alikes", {"data": result}, RESULTS)
