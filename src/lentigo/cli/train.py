"""``lentigo train`` and ``lentigo export``: from a recipe to a bundle."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lentigo.cli.common import (
    JsonOption,
    WeightsOption,
    need_torch,
    parse_roots,
    print_json,
    progress,
    stderr,
    stdout,
)

if TYPE_CHECKING:
    from lentigo.training.progress import EpochRecord
    from lentigo.training.recipe import Phase


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="The experiment, a YAML file.")],
    root: Annotated[
        list[str],
        typer.Option(
            "--root", metavar="SOURCE=DIR", help="Where a data source lies; may be repeated."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder for the run.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a stopped run stood.")
    ] = False,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change the recipe, such as phases.0.epochs=2."
        ),
    ] = None,
    weights: WeightsOption = None,
    json: JsonOption = None,
) -> None:
    """Train a net by a recipe: in phases, keeping the best weights by validation.

    Thresholds and calibration are chosen on the validation part; the test part is not touched. A
    run that is killed goes on with --resume and ends with the same weights.

    Example: lentigo train recipes/segmentation/vgg-segnet.yaml --root isic2018-task1=/data/isic
    --out runs/first
    """
    need_torch()
    from lentigo.training.recipe import read_recipe
    from lentigo.training.run import train as train_by_recipe

    chosen = read_recipe(recipe, tuple(change or ()))
    roots = parse_roots(root)
    with progress("training") as report:
        ended = train_by_recipe(
            chosen,
            roots,
            out,
            _Bar(report),
            resume=resume,
            weights_dir=weights,
            on_prepare=report,
            tell=lambda text: stderr.print(text, markup=False, soft_wrap=True),
        )
    result = {"run": str(out), "best_score": ended.best_score, "epochs": len(ended.history)}
    if not print_json(result, json):
        stdout.print(
            f"best validation score {ended.best_score:.4f} after {len(ended.history)} epochs; "
            f"next: lentigo export {out} --out BUNDLE"
        )


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run that has ended.")],
    out: Annotated[Path, typer.Option("--out", metavar="BUNDLE", help="Folder for the bundle.")],
    name: Annotated[
        str | None, typer.Option(help="The bundle's name; its folder's name where not given.")
    ] = None,
    note: Annotated[
        list[str] | None,
        typer.Option(help="A limit to name in the model card; may be repeated."),
    ] = None,
    default: Annotated[
        bool,
        typer.Option("--default", help="Mark it as its task's default, for bundles that ship."),
    ] = False,
    with_weights: Annotated[
        bool,
        typer.Option(
            "--weights/--no-weights",
            help="Put model.safetensors into it, so that training can go on from there.",
        ),
    ] = True,
    json: JsonOption = None,
) -> None:
    """Write a run as a bundle: an ONNX model with all that is needed to use it.

    The model is run beside torch on real-like images, and refused where they disagree.

    Example: lentigo export runs/first --out my-bundle
    """
    need_torch()
    from lentigo.training.export import export as export_run

    bundle = export_run(
        run, out, name=name, default=default, notes=tuple(note or ()), with_weights=with_weights
    )
    size_mb = round(bundle.size_bytes / 1e6, 1)
    if not print_json({"bundle": str(out), "size_mb": size_mb, "sha256": bundle.sha256}, json):
        stdout.print(f"{out}: {size_mb} MB; next: lentigo evaluate {out} --source ... --root ...")


class _Bar:
    """Shows steps on a progress bar, and each epoch and idle phase as a line above it."""

    def __init__(self, report: Callable[[int, int], None]) -> None:
        self._report = report

    def phase(self, phase: "Phase", idle: str | None) -> None:
        if idle is not None:
            stderr.print(idle, soft_wrap=True)

    def step(self, phase: "Phase", epoch: int, done: int, total: int, loss: float) -> None:
        self._report(done, total)

    def epoch(self, record: "EpochRecord") -> None:
        stderr.print(
            f"{record.phase} {record.epoch:>3}  loss {record.train_loss:.4f}  validation "
            f"{record.validation_loss:.4f}  score {record.score:.4f}"
            f"{' best' if record.best else ''}  {record.seconds:.0f} s"
        )
