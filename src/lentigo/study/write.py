"""Writing a study down: ``study.json``, ``study.csv`` and ``study.html``."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from lentigo.data.splits import read_split
from lentigo.files import write_json, write_text
from lentigo.study.document import StudyResult
from lentigo.study.folder import StudyFolder
from lentigo.study.page import render_page
from lentigo.study.parts import check_common_test
from lentigo.study.results import Runs, read_result
from lentigo.study.schema import Study
from lentigo.study.settings import Settings
from lentigo.study.summarise import summarise
from lentigo.study.tasks import TASKS
from lentigo.training.recipe import Recipe


@dataclass
class Desk:
    """Where a study is written down, again and again while it runs.

    Attributes:
        study: The study.
        recipes: Each row's recipe with the settings applied.
        settings: What the study is run with.
        folder: The study's folder.
        images: The source's manifest.
        faults: Why a row could not be trained, by its name.
    """

    study: Study
    recipes: Mapping[str, Recipe]
    settings: Settings
    folder: StudyFolder
    images: pl.DataFrame
    faults: dict[str, str] = field(default_factory=dict)

    def write(self) -> StudyResult:
        """Write what is finished so far, each file whole or not at all.

        Raises:
            StudyError: The finished rows have no test part in common that none has used.
        """
        results = self._results()
        check_common_test(
            {
                f"{name}-seed{seed}": read_split(self.folder.run(name, seed) / "split.csv")
                for name, runs in results.items()
                for seed in runs
            }
        )
        result = summarise(self.study, self.recipes, self.settings, results, self.faults)
        document = result.as_json()
        write_json(self.folder.document, document)
        write_text(self.folder.table, csv_table(document))
        exhibits = TASKS[self.study.task].exhibits(result, results, self.folder, self.images)
        write_text(self.folder.page, render_page(result, exhibits))
        return result

    def _results(self) -> dict[str, Runs]:
        found = {
            name: {
                seed: read_result(self.folder.result(name, seed)) for seed in self.settings.seeds
            }
            for name in self.recipes
        }
        return {
            name: {seed: result for seed, result in runs.items() if result}
            for name, runs in found.items()
            if any(runs.values())
        }


def csv_table(document: Mapping[str, Any]) -> str:
    """Return the rows and controls of ``study.json`` as CSV: the same figures, one line a row.

    A figure's column is the way to it in the JSON, joined by ``_``; an interval's own value has
    no last word, its ends have ``low`` and ``high``.
    """
    rows = [_flat(row) for row in (*document["rows"], *document.get("controls", ()))]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _flat(value: Mapping[str, Any], before: tuple[str, ...] = ()) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        way = before if key == "value" else (*before, key)
        if isinstance(inner, Mapping):
            flat |= _flat(inner, way)
        elif isinstance(inner, list):
            flat["_".join(way)] = " ".join(map(str, inner))
        else:
            flat["_".join(way)] = inner
    return flat
