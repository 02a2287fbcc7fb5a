"""What a net's frozen front makes of images: computed once a phase, and kept on disk meanwhile."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lentigo.errors import RecipeError, TrainingError
from lentigo.nets import LesionNet
from lentigo.nets.folding import folded
from lentigo.training.batch import training_batch
from lentigo.training.data import Part, in_order
from lentigo.training.recipe import Phase, Recipe
from lentigo.training.recipe_augmentation import Augmentation


class Behind(nn.Module):
    """A net from behind its frozen front on.

    Args:
        net: The net.
        parts: How many of the encoder's parts are its front.
    """

    def __init__(self, net: LesionNet, parts: int) -> None:
        super().__init__()
        self.net, self.parts = net, parts

    def forward(self, *kept: Tensor) -> Tensor:
        """Return logits for what the front made of images."""
        return self.net.behind(kept, self.parts)


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
    """The frozen front of a phase's net, in the place of which stands what it made of images.

    Attributes:
        parts: How many of the encoder's parts it has.
        views: How many views of each training image there are; epochs take them in turn.
        train: What it made of the training images.
        validation: What it made of the validation images, which nothing changes.
    """

    parts: int
    views: int
    train: Kept
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
def kept_front(
    net: LesionNet,
    recipe: Recipe,
    phase: Phase,
    train: Part,
    validation: Part,
    folder: Path,
    arithmetic: Callable[[], AbstractContextManager[None]],
) -> Iterator[Front | None]:
    """Keep what a phase's frozen front makes of all images; none where it is not worth it.

    It is not where nothing is frozen, where images change by chance and the phase has no
    ``views``, or where the disk has not twice the room that is needed.

    Args:
        net: The net as the phase trains it, on its device.
        recipe: The experiment.
        phase: The phase.
        train: Training images.
        validation: Validation images.
        folder: Where features lie until the phase ends.
        arithmetic: What the net computes in, as a context.

    Raises:
        TrainingError: The phase's ``views`` do not fit on the disk.
    """
    parts, views = net.frozen_front(), views_of(recipe, phase)
    if not (parts and views):
        yield None
        return
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir(parents=True)
    try:
        with arithmetic(), torch.no_grad():
            needed = _image_bytes(net, parts, train) * (views * len(train) + len(validation))
            room = 2 * needed <= shutil.disk_usage(folder).free
            front = None
            if phase.views or room:
                front = _computed(net, recipe, parts, views, train, validation, folder)
        yield front
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _computed(
    net: LesionNet,
    recipe: Recipe,
    parts: int,
    views: int,
    train: Part,
    validation: Part,
    folder: Path,
) -> Front:
    device, size = next(net.parameters()).device, recipe.batch_size

    def changed() -> Iterator[tuple[Tensor, Tensor]]:
        for view in range(views):
            chance = torch.Generator(device).manual_seed(recipe.seed * 1_000_003 + view)
            for chosen in in_order(len(train), size):
                yield training_batch(recipe, train, chosen, chance)

    frozen = folded(net)
    unchanged = (validation.take(chosen, device) for chosen in in_order(len(validation), size))
    kept = []
    for name, part, repeats, batches in (
        ("train", train, views, changed()),
        ("validation", validation, 1, unchanged),
    ):
        *features, targets = _written(frozen, parts, batches, repeats * len(part), folder / name)
        kept.append(Kept(len(part), tuple(features), targets))
    return Front(parts, views, *kept)


def _written(
    net: LesionNet,
    parts: int,
    batches: Iterator[tuple[Tensor, Tensor]],
    count: int,
    folder: Path,
) -> list[Tensor]:
    """Return features and targets of ``count`` images, in files of ``folder``."""
    files: list[Tensor] = []
    done = 0
    for pixels, target in batches:
        answers = (*net.front(pixels.contiguous(memory_format=torch.channels_last), parts), target)
        rows = [_channels_last(answer) for answer in answers]
        if not files:
            folder.mkdir()
            files = [_file(folder / str(i), count, row) for i, row in enumerate(rows)]
        for file, row in zip(files, rows, strict=True):
            file[done : done + len(row)] = row
        done += len(target)
    return files


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


def _image_bytes(net: LesionNet, parts: int, part: Part) -> int:
    """Return the bytes that an image's features and target take."""
    pixels, target = part.take(np.zeros(1, np.int64), next(net.parameters()).device)
    return sum(one.nbytes for one in (*net.front(pixels, parts), target))


def _channels_last(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1) if features.ndim == 4 else features


def _channels_second(features: Tensor) -> Tensor:
    return features.permute(0, 3, 1, 2) if features.ndim == 4 else features
