"""What a net's frozen front makes of images: computed once a phase where nothing changes them by
chance, and kept on disk meanwhile.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lentigo.errors import RecipeError, TrainingError
from lentigo.nets import LesionNet
from lentigo.training.batch import training_batch
from lentigo.training.data import Part, in_order
from lentigo.training.front import Ask, frozen_front
from lentigo.training.precision import Precision
from lentigo.training.recipe import Phase, Recipe
from lentigo.training.recipe_augmentation import Augmentation


@dataclass(frozen=True)
class Kept:
    """A part's features, memory-mapped: its images once, or once for each view of them.

    Attributes:
        count: The part's images.
        features: What the front hands on, (views · count)×…, maps with their channels last.
        targets: (views · count)×…, masks with their channel last.
    """

    count: int
    features: tuple[Tensor, ...]
    targets: Tensor

    def take(
        self, chosen: NDArray[np.int64], view: int = 0, device: torch.device | None = None
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the features and targets of some images."""
        rows = torch.from_numpy(chosen + view * self.count)
        features = tuple(_channels_second(kept[rows].to(device)) for kept in self.features)
        return features, _channels_second(self.targets[rows].to(device))

    def in_order(self, batch_size: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Yield every image's once, in order; the last batch may be smaller."""
        for chosen in in_order(self.count, batch_size):
            yield self.take(chosen)


@dataclass(frozen=True)
class Front:
    """The frozen front of a phase's net, in the place of which stands what it makes of images.

    Attributes:
        parts: How many of the encoder's parts it has.
        views: How many views of each training image are kept; epochs take them in turn.
        ask: The front.
        train: What it made of the training images; None where chance changes them every time.
        validation: What it made of the validation images, which nothing changes.
    """

    parts: int
    views: int
    ask: Ask
    train: Kept | None
    validation: Kept


def views_of(recipe: Recipe, phase: Phase) -> int:
    """Return how many views of each image a phase keeps: 1 where nothing changes images, else 0.

    A phase's ``views`` says it otherwise.
    """
    plain = recipe.augmentation == Augmentation() and not recipe.mixup and not recipe.distillation
    return phase.views or int(plain)


def check_views(net: LesionNet, phase: Phase) -> None:
    """Refuse a phase that keeps views where nothing is frozen before what trains.

    Raises:
        RecipeError: The net, as the phase has it, has no frozen front.
    """
    if phase.views and not net.frozen_front():
        raise RecipeError(
            f"phase {phase.name} keeps views, but {type(net).__name__} has nothing frozen before "
            "what it trains, or cannot be cut there: leave views out"
        )


@contextmanager
def front_of(
    net: LesionNet,
    recipe: Recipe,
    phase: Phase,
    train: Part,
    validation: Part,
    folder: Path,
    precision: Precision,
) -> Iterator[Front | None]:
    """Ask what a phase's net has frozen apart from the rest, and keep what it makes of images.

    Of validation images it is kept, of training images where nothing changes them by chance or the
    phase has ``views``. There is no such front where nothing is frozen, where teachers need the
    pixels, or where the disk has not twice the room that is needed.

    Args:
        net: The net as the phase trains it, on its device.
        recipe: The experiment.
        phase: The phase.
        train: Training images.
        validation: Validation images.
        folder: Where features lie until the phase ends.
        precision: What the front computes in.

    Raises:
        TrainingError: The phase's ``views`` do not fit on the disk.
    """
    parts, views = net.frozen_front(), views_of(recipe, phase)
    if not parts or recipe.distillation:
        yield None
        return
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir(parents=True)
    try:
        device = next(net.parameters()).device
        pixels, target = train.take(np.zeros(1, np.int64), device)
        ask = frozen_front(net, parts, precision, pixels)
        image_bytes = sum(one.nbytes for one in (*ask(pixels), target))
        needed = image_bytes * (views * len(train) + len(validation))
        room = 2 * needed <= shutil.disk_usage(folder).free
        front = None
        if phase.views or room:
            kept = _kept(ask, device, recipe, views, train, validation, folder)
            front = Front(parts, views, ask, *kept)
        yield front
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kept(
    ask: Ask,
    device: torch.device,
    recipe: Recipe,
    views: int,
    train: Part,
    validation: Part,
    folder: Path,
) -> tuple[Kept | None, Kept]:
    """Return what a front makes of training images, where it is kept, and of validation images."""
    size = recipe.batch_size

    def changed() -> Iterator[tuple[Tensor, Tensor]]:
        for view in range(views):
            chance = torch.Generator(device).manual_seed(recipe.seed * 1_000_003 + view)
            for chosen in in_order(len(train), size):
                yield training_batch(recipe, train, chosen, chance)

    unchanged = (validation.take(chosen, device) for chosen in in_order(len(validation), size))
    count = views * len(train)
    return (
        _written(ask, changed(), count, len(train), folder / "train") if views else None,
        _written(ask, unchanged, len(validation), len(validation), folder / "validation"),
    )


def _written(
    ask: Ask, batches: Iterator[tuple[Tensor, Tensor]], rows: int, count: int, folder: Path
) -> Kept:
    """Return features and targets of ``count`` images in all views, in files of ``folder``."""
    files: list[Tensor] = []
    done = 0
    for pixels, target in batches:
        made = [_channels_last(one) for one in (*ask(pixels), target)]
        if not files:
            folder.mkdir()
            files = [_file(folder / str(i), rows, one) for i, one in enumerate(made)]
        for file, one in zip(files, made, strict=True):
            file[done : done + len(one)] = one
        done += len(target)
    *features, targets = files
    return Kept(count, tuple(features), targets)


def _file(path: Path, count: int, like: Tensor) -> Tensor:
    """Return a memory-mapped tensor of ``count`` rows as those of ``like``."""
    shape = (count, *like.shape[1:])
    size = int(np.prod(shape))
    try:
        with path.open("wb") as stream:  # reserved, since a full disk kills who writes to a map
            if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
                os.posix_fallocate(stream.fileno(), 0, size * like.element_size())
    except OSError as fault:
        raise TrainingError(
            f"{path.parent}: no room for {size * like.element_size() / 1e9:.1f} GB of a frozen "
            f"encoder's features ({fault.strerror}); free some, lower the phase's views, or leave "
            "them out"
        ) from fault
    return torch.from_file(str(path), shared=True, size=size, dtype=like.dtype).view(shape)


def _channels_last(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1) if features.ndim == 4 else features


def _channels_second(features: Tensor) -> Tensor:
    return features.permute(0, 3, 1, 2) if features.ndim == 4 else features
