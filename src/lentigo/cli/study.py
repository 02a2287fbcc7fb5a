"""``lentigo study``: a published study rerun, its rows compared, its claims judged."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lentigo.cli.common import (
    JsonOption,
    WeightsOption,
    copy_json,
    need_torch,
    parse_roots,
    progress,
    stderr,
    stdout,
)
from lentigo.errors import LentigoError

if TYPE_CHECKING:
    from lentigo.study.document import StudyResult
    from lentigo.training.progress import EpochRecord
    from lentigo.training.recipe import Phase


def study(
    folder: Annotated[
        Path, typer.Argument(metavar="STUDY", help="Folder with study.yaml and its recipes.")
    ],
    root: Annotated[
        list[str],
        typer.Option("--root", metavar="SOURCE=DIR", help="Where the data source lies."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the study.")],
    epochs_factor: Annotated[
        float,
        typer.Option(metavar="F", help="Multiply each phase's epochs and patience; at least 1."),
    ] = 1.0,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PX", help="Fit all rows' images to this square.", show_default="the recipes'"
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="S,S", help="Train each row once from each of these seeds.")
    ] = "0",
    only: Annotated[
        str,
        typer.Option(
            metavar="ROW,ROW", help="Train these rows alone.", show_default="all that are missing"
        ),
    ] = "",
    weights: WeightsOption = None,
    scratch_if_missing: Annotated[
        bool,
        typer.Option(
            "--scratch-if-missing",
            help="Train rows whose pretrained weights cannot be had from random ones, and say so.",
        ),
    ] = False,
    json: JsonOption = None,
) -> None:
    """Rerun a study: train its rows, measure all on images that none has used, judge its claims.

    DIR then holds study.html (open this first), study.csv and study.json, written anew after each
    row; and under runs/, bundles/ and results/ what they were made from. The same command goes on
    after a kill: rows that are done stay, and the one in progress is resumed.

    Example: lentigo study recipes/segmentation-study --root isic2018-task1=/data/isic --out study
    --epochs-factor 0.2 --size 128
    """
    need_torch()
    from lentigo.study.run import run_study
    from lentigo.study.schema import read_recipes, read_study
    from lentigo.study.settings import settings_of
    from lentigo.study.tasks import TASKS

    roots = parse_roots(root)
    chosen = read_study(folder)
    settings = settings_of(chosen.title, epochs_factor, size, _seeds(seeds))
    with progress("training") as report:
        result = run_study(
            chosen,
            read_recipes(chosen, folder),
            settings,
            roots,
            out,
            _Watch(report, TASKS[chosen.task].score_name),
            only=tuple(filter(None, only.split(","))),
            weights_dir=weights,
            scratch_if_missing=scratch_if_missing,
        )
    if not copy_json(out / "study.json", json):
        _print(result, out)
    if failed := [row for row in result.rows if row.fault]:
        raise LentigoError(f"row {failed[0].row.recipe} was not trained: {failed[0].fault}")


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(seed) for seed in text.split(","))
    except ValueError:
        raise LentigoError(f"--seeds '{text}': expected whole numbers, such as 0,1,2") from None


def _print(result: "StudyResult", out: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    from lentigo.study.tasks import TASKS

    task = TASKS[result.study.task]
    table = Table(box=None, pad_edge=False)
    for name in ("#", "Row", *task.columns):
        table.add_column(name, overflow="fold")
    for row in result.rows:
        done = row.measured
        texts = task.line(done.test, row.reported) if done else ("not run",)
        table.add_row(str(row.number), escape(row.row.label), *texts)
    for control in result.controls:
        table.add_row("–", escape(control.label), *task.line(control.test, control.reported))
    stdout.print(table)
    for claim in result.claims:
        stdout.print(f"{claim.verdict}: {escape(claim.claim.text)}", soft_wrap=True)
    stdout.print(f"\nSee {escape(str(out / 'study.html'))}", soft_wrap=True)


class _Watch:
    """Shows steps on a progress bar, and each run, phase and epoch as a line above it."""

    def __init__(self, report: Callable[[int, int], None], score_name: str) -> None:
        self.prepared = report
        self.score_name = score_name

    def run(self, name: str, seed: int, number: int, total: int) -> None:
        stderr.print(f"run {number} of {total}: {name}, seed {seed}")

    def phase(self, phase: "Phase", idle: str | None) -> None:
        if idle is not None:
            stderr.print(idle, soft_wrap=True)

    def step(self, phase: "Phase", epoch: int, done: int, total: int, loss: float) -> None:
        self.prepared(done, total)

    def epoch(self, record: "EpochRecord") -> None:
        best = " best" if record.best else ""
        stderr.print(
            f"{record.phase} {record.epoch:>3}  validation {self.score_name} "
            f"{record.score:.4f}{best}  {record.seconds:.0f} s"
        )
