"""Writing a study down: ``study.json``, ``study.csv`` and ``study.html``."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from lentigo.data.splits import read_split, rows_of_ids
from lentigo.files import write_json, write_text
from lentigo.study.document import StudyResult
from lentigo.study.folder import StudyFolder
from lentigo.study.outlines import choose_images, outlines_of, picture
from lentigo.study.page import Gallery, GalleryRow, render_page
from lentigo.study.parts import check_common_test
from lentigo.study.results import Result, read_result
from lentigo.study.schema import Study
from lentigo.study.settings import Settings
from lentigo.study.summarise import Runs, summarise
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
        write_text(self.folder.page, render_page(result, self._gallery(result, results)))
        return result

    def _results(self) -> dict[str, dict[int, Result]]:
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

    def _gallery(self, result: StudyResult, results: Mapping[str, Runs]) -> Gallery | None:
        """Return the chosen images with the outlines of each row's first seed."""
        own = [row for row, _ in result.finished if row.row.recipe in results]
        if not own:
            return None
        ranked = next((row for row in own if row is result.reference), own[0])
        first = {row.row.recipe: min(results[row.row.recipe]) for row in own}
        name = ranked.row.recipe
        ids = choose_images(results[name][first[name]].test)
        found = rows_of_ids(self.images, ids).iter_rows(named=True)
        rows = {row["image_id"]: row for row in found}
        chosen = [rows[image_id] for image_id in ids]
        pictures = [picture(row) for row in chosen]
        lines = []
        for row in own:
            key = (row.row.recipe, first[row.row.recipe])
            paths = outlines_of(
                self.folder.bundle(*key),
                chosen,
                pictures,
                self.folder.result(*key) / "outlines.json",
            )
            test = results[key[0]][key[1]].test
            jaccard = dict(zip(test["image_id"], test["jaccard"], strict=True))
            lines.append(GalleryRow(row, paths, jaccard))
        return Gallery(ranked, tuple(pictures), tuple(lines))


def csv_table(document: Mapping[str, Any]) -> str:
    """Return the rows of ``study.json`` as CSV: the same figures, one line a row.

    A figure's column is the way to it in the JSON, joined by ``_``; an interval's own value has
    no last word, its ends have ``low`` and ``high``.
    """
    rows = [_flat(row) for row in document["rows"]]
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
