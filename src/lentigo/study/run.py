"""The whole study: what is missing is trained, one row after another, and written down."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lentigo.errors import TrainingError
from lentigo.files import write_json
from lentigo.study.document import StudyResult
from lentigo.study.folder import StudyFolder
from lentigo.study.plan import check_runs, plan, read_images
from lentigo.study.results import read_result
from lentigo.study.row import finish_row
from lentigo.study.schema import Study
from lentigo.study.settings import Settings, check_begun, with_settings
from lentigo.study.write import Desk
from lentigo.training.loop import Listener
from lentigo.training.recipe import Recipe


class Watch(Listener, Protocol):
    """Who wants to know how a study goes: of each run that begins, and of its steps."""

    def run(self, name: str, seed: int, number: int, total: int) -> None:
        """Hear that a run begins: ``number`` of ``total``, from 1."""

    def prepared(self, done: int, total: int) -> None:
        """Hear that ``done`` of ``total`` images are decoded."""


def run_study(
    study: Study,
    recipes: Mapping[str, Recipe],
    settings: Settings,
    roots: Mapping[str, Path],
    out: Path,
    watch: Watch,
    *,
    only: Sequence[str] = (),
    weights_dir: Path | None = None,
    scratch_if_missing: bool = False,
) -> StudyResult:
    """Train what is missing and write the tables and the page, anew after each run.

    All rows are trained with the first seed before any with the second, so that a study that is
    stopped has a whole table soon. A row whose training fails is told in the table, and the
    others go on; the next call tries it again.

    Args:
        study: The study.
        recipes: Each row's recipe, as its file says.
        settings: What it is run with.
        roots: Each source's folder, by the source's name.
        out: The study's folder; see :class:`StudyFolder`.
        watch: Hears of runs, steps and epochs.
        only: Rows to train; all where empty. Rows done before are in the tables all the same.
        weights_dir: Where pretrained weights are looked for first.
        scratch_if_missing: Train rows whose weights cannot be had from random ones.

    Raises:
        LentigoError: Wrong names, folders, data or weights, or a folder begun otherwise; all this
            is checked before any training.
    """
    folder = StudyFolder(out)
    check_begun(folder.settings, settings)
    effective = {name: with_settings(recipe, settings) for name, recipe in recipes.items()}
    planned = plan(effective, only, weights_dir=weights_dir, scratch_if_missing=scratch_if_missing)
    check_runs(folder, effective, planned, settings.seeds)
    images = read_images(effective, roots)
    write_json(folder.settings, settings.model_dump(mode="json"))
    desk = Desk(study, effective, settings, folder, images)
    result = desk.write()
    missing = [
        (row, seed)
        for seed in settings.seeds
        for row in planned
        if read_result(folder.result(row.name, seed)) is None
    ]
    for number, (row, seed) in enumerate(missing, start=1):
        watch.run(row.name, seed, number, len(missing))
        try:
            finish_row(
                row,
                seed,
                images,
                roots,
                folder,
                watch,
                weights_dir=weights_dir,
                on_prepare=watch.prepared,
            )
        except TrainingError as fault:
            desk.faults[row.name] = str(fault)
        result = desk.write()
    return result
