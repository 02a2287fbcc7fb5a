"""One row with one seed: train, export, measure."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import torch
from accelerate import PartialState

from lentigo.data.splits import read_split, rows_of_part
from lentigo.nets import build_net
from lentigo.nets.cost import net_cost
from lentigo.study.folder import StudyFolder
from lentigo.study.plan import Planned
from lentigo.study.results import Record, write_result
from lentigo.study.tasks import TASKS
from lentigo.training.export import export
from lentigo.training.folder import RunFolder
from lentigo.training.loop import Listener
from lentigo.training.run import train


def finish_row(
    planned: Planned,
    seed: int,
    images: pl.DataFrame,
    roots: Mapping[str, Path],
    folder: StudyFolder,
    listener: Listener,
    *,
    weights_dir: Path | None = None,
    on_prepare: Callable[[int, int], None] | None = None,
) -> None:
    """Train a row, or go on where it stood, then measure it on its validation and test parts.

    Args:
        planned: The row.
        seed: The seed of this run.
        images: The source's manifest.
        roots: Each source's folder, by the source's name.
        folder: The study's folder.
        listener: Hears of steps and epochs.
        weights_dir: Where pretrained weights are looked for first.
        on_prepare: Hears how many images of how many are decoded.

    Raises:
        LentigoError: Wrong data, or a run that cannot go on.
    """
    recipe = planned.recipe.model_copy(update={"seed": seed})
    run = RunFolder(folder.run(planned.name, seed))
    if not run.tuned.is_file():
        train(
            recipe,
            roots,
            run.path,
            listener,
            resume=True,
            weights_dir=weights_dir,
            on_prepare=on_prepare,
        )
    bundle = export(run.path, folder.bundle(planned.name, seed), with_weights=False)
    parts = read_split(run.split)
    measured = {
        part: TASKS[recipe.task].measure(bundle, rows_of_part(images, parts, part), part)
        for part in ("test", "validation")
    }
    cost = net_cost(build_net(recipe.net.name, None, **recipe.net.options), recipe.data.size_px)
    with run.log.open(encoding="utf-8", newline="") as log:
        history = list(csv.DictReader(log))
    engine = measured["test"].metrics["engine"]
    record = Record.model_validate(
        {
            "recipe": recipe,
            "weights": planned.weights,
            "parameters": cost.parameters,
            "gmacs": cost.gmacs,
            "n_train": parts.filter(pl.col("part") == "train").height,
            "n_validation": parts.filter(pl.col("part") == "validation").height,
            "device": _device(),
            "engine": f"{engine['name']} ({engine['precision']})",
            "history": history,
        }
    )
    tables = {part: evaluation.table for part, evaluation in measured.items()}
    write_result(folder.result(planned.name, seed), record, **tables)


def _device() -> str:
    device = PartialState().device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
