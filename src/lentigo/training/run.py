"""A whole run: from a recipe and a dataset's folder to tuned weights in a run's folder."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import torch
from accelerate import PartialState

from lentigo.bundle import load_bundle
from lentigo.data.labels import mapping_text
from lentigo.data.manifest import Task
from lentigo.data.prepared import Prepared, prepare
from lentigo.data.sources import SOURCES
from lentigo.data.splits import read_split, write_split
from lentigo.data.views import TRUE_OUTLINES, MaskMaker, prepare_view
from lentigo.errors import RecipeError, TrainingError
from lentigo.evaluation.outlines import outlines_of
from lentigo.files import write_json, write_text
from lentigo.nets import NETS, LesionNet, build_net
from lentigo.nets.channels import RGB_AND_MASK, first_convolution, for_channels
from lentigo.nets.flips import MeanOfFlips
from lentigo.training.dataset import divide, part_of, read_rows
from lentigo.training.distillation import check_teachers
from lentigo.training.ensemble import Ensemble, members_of
from lentigo.training.folder import RunFolder
from lentigo.training.kept import check_views
from lentigo.training.loop import Listener, Trainer
from lentigo.training.losses import loss_of
from lentigo.training.memory import keep_pages
from lentigo.training.phases import unfreeze
from lentigo.training.precision import choose_precision
from lentigo.training.progress import Progress
from lentigo.training.recipe import LossChoice, Recipe, read_recipe
from lentigo.training.shown import Shown
from lentigo.training.tuning import tune


def train(
    recipe: Recipe,
    roots: Mapping[str, Path],
    out: Path,
    listener: Listener,
    *,
    resume: bool = False,
    weights_dir: Path | None = None,
    on_prepare: Callable[[int, int], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Progress:
    """Train a net by a recipe and tune it on the validation part.

    Args:
        recipe: The experiment.
        roots: Each source's folder, by the source's name.
        out: The run's folder; see :class:`RunFolder` for what it will hold.
        listener: Hears of steps and epochs.
        resume: Go on from the last whole epoch in ``out``, or start where there is none.
        weights_dir: Where pretrained weights are looked for first.
        on_prepare: Hears how many images of how many are decoded.
        tell: Hears, in a sentence, how many images could not be shown by the recipe's region.

    Raises:
        LentigoError: Wrong names, folders, data or weights, or a loss that is not finite.
    """
    folder = RunFolder(out)
    check_names(recipe)
    rows = read_rows(recipe, roots)
    keep_pages()
    net = _net(recipe, weights_dir)  # before images are decoded, which may take long
    # Without an accelerator, accelerate joins processes only if told to use the CPU.
    processes = PartialState(cpu=not torch.accelerator.is_available())
    if processes.is_main_process:
        _begin(folder, recipe, rows, roots, resume)
    processes.wait_for_everyone()
    parts = read_split(folder.split)
    rows = rows.join(parts, on="image_id", how="inner", suffix="_split").sort("image_id")
    if lost := parts.height - rows.height:
        raise TrainingError(
            f"{folder.split}: {lost} of its {parts.height} images are no longer in the data; "
            "a run goes on with the images that began it: bring them back, or choose another --out"
        )
    masks = outlines_of(recipe.data.outlines)
    with processes.main_process_first():  # the others find the pixels prepared
        pixels = _pixels(recipe, rows, masks, on_prepare)
    if recipe.data.region and processes.is_main_process:
        shown = Shown.of(pixels, masks)
        shown.keep(folder.shown)
        if tell:
            tell(str(shown))
    validation = part_of(recipe, rows, pixels, "validation")
    trainer = Trainer(
        recipe=recipe,
        net=net,
        train=part_of(recipe, rows, pixels, "train"),
        validation=validation,
        folder=folder,
        precision=choose_precision(recipe.precision, net),
        listener=listener,
    )
    progress = trainer.run(resume=resume)
    if trainer.accelerator.is_main_process:
        net.load_state_dict(folder.load_best())
        used: LesionNet = MeanOfFlips(net) if recipe.test_time_flips else net
        if members := members_of(recipe):
            used = Ensemble(used, members)
        tuned = tune(used, validation, recipe.batch_size)
        with folder.writing():
            write_json(folder.tuned, tuned)
    return progress


def check_names(recipe: Recipe) -> None:
    """Refuse a recipe that names what is not registered, before any work is done.

    Raises:
        UnknownNameError: An unknown source, net or loss.
        TrainingError: A teacher's run has not ended.
        RecipeError: A teacher cannot teach this net, the net does another task or cannot learn
            diagnoses, or a phase unfreezes what it does not have.
    """
    _ = SOURCES[recipe.data.source], NETS[recipe.net.name]
    if recipe.data.further:
        _ = SOURCES[recipe.data.further.source]
    for phase in recipe.phases:
        _check_loss(phase.loss, recipe.task)
    check_teachers(recipe)
    members_of(recipe)
    view = recipe.data.view
    if recipe.data.outlines != TRUE_OUTLINES:
        load_bundle(recipe.data.outlines, "segmentation")
    with torch.device("meta"):  # the layers' names and shapes, without their weights
        net = build_net(recipe.net.name, None, **recipe.net.options)
        net = for_channels(net, view.channels)
        net.add_diagnoses(len(recipe.diagnoses))
    if net.task != recipe.task:
        raise RecipeError(f"net '{recipe.net.name}' does {net.task}; the recipe's task differs")
    learns_mask = view.channels != RGB_AND_MASK
    for phase in recipe.phases:
        unfreeze(net, phase)
        check_views(net, phase)
        learns_mask = learns_mask or first_convolution(net).weight.requires_grad
    if not learns_mask:
        raise RecipeError(
            "data.region: with crop+mask the first convolution has to learn what the mask means, "
            f"but no phase unfreezes it; add one that unfreezes {next(iter(net.encoder_parts()))}, "
            "or all"
        )
    step = net.stride_px
    if any(side % step for side in recipe.data.size_px):
        raise RecipeError(
            f"data.size: {recipe.data.size} is not a multiple of {step}, which net "
            f"'{recipe.net.name}' needs"
        )


def _check_loss(choice: LossChoice, task: Task) -> None:
    """Compute the loss once, so that a bad value of an option is told too."""
    loss = loss_of(choice.name, choice.options, (1, 1) if task == "classification" else None)
    loss(torch.zeros(1, 1), torch.zeros(1, 1))


def _net(recipe: Recipe, weights_dir: Path | None) -> LesionNet:
    torch.manual_seed(recipe.seed)
    net = build_net(recipe.net.name, recipe.net.pretrained, weights_dir, **recipe.net.options)
    net = for_channels(net, recipe.data.view.channels)
    net.add_diagnoses(len(recipe.diagnoses))
    return net


def _pixels(
    recipe: Recipe,
    rows: pl.DataFrame,
    masks: MaskMaker,
    on_prepare: Callable[[int, int], None] | None,
) -> Prepared:
    if recipe.data.region is None and not recipe.data.preprocessing:
        return prepare(rows, recipe.data.size_px, progress=on_prepare)
    return prepare_view(rows, recipe.data.view, masks, progress=on_prepare)


def _begin(
    folder: RunFolder,
    recipe: Recipe,
    rows: pl.DataFrame,
    roots: Mapping[str, Path],
    resume: bool,
) -> None:
    """Write what the run is about, or check that it is the one begun."""
    if folder.recipe.is_file():
        if not resume:
            raise TrainingError(
                f"{folder.path} holds a run already; go on with --resume, or choose another --out"
            )
        if read_recipe(folder.recipe) != recipe:
            raise TrainingError(
                f"{folder.recipe} is not the recipe given: a run is resumed with the recipe that "
                "began it; choose another --out for the new one"
            )
        return
    write_split(divide(recipe, rows, roots), folder.split)
    write_text(folder.labels, mapping_text())
    write_text(folder.recipe, recipe.to_yaml())  # last: its presence says that a run began
