"""The folder of a run: what lies where, and writing it whole or not at all."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from lentigo.errors import TrainingError
from lentigo.files import atomic_open, write_bytes, write_text
from lentigo.training.progress import EpochRecord, Progress


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run.

    ``recipe.yaml``, ``split.csv`` and ``labels.txt`` say what is trained on what;
    ``checkpoint.pt`` is where the run goes on; ``best.safetensors`` holds the weights with the
    best validation score; ``log.csv``, ``curves.png`` and ``tensorboard/`` show how it went;
    ``tuned.json`` holds what was chosen on the validation part; ``shown.json`` by whose
    outlines a classifier is shown regions.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """The recipe as it ran."""
        return self.path / "recipe.yaml"

    @property
    def split(self) -> Path:
        """Which image stands in which part."""
        return self.path / "split.csv"

    @property
    def labels(self) -> Path:
        """Which diagnoses count as malignant."""
        return self.path / "labels.txt"

    @property
    def checkpoint(self) -> Path:
        """Weights, optimiser and progress after the last whole epoch."""
        return self.path / "checkpoint.pt"

    @property
    def best(self) -> Path:
        """The best weights."""
        return self.path / "best.safetensors"

    @property
    def log(self) -> Path:
        """One line an epoch."""
        return self.path / "log.csv"

    @property
    def curves(self) -> Path:
        """Loss and score by epoch as a picture."""
        return self.path / "curves.png"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's events."""
        return self.path / "tensorboard"

    @property
    def tuned(self) -> Path:
        """Operating points and calibration, chosen on validation."""
        return self.path / "tuned.json"

    @property
    def kept(self) -> Path:
        """What a frozen encoder made of images, while a phase trains what is behind it."""
        return self.path / "kept"

    @property
    def shown(self) -> Path:
        """By whose outlines regions are shown, and how many images are shown whole."""
        return self.path / "shown.json"

    def save_best(self, state: dict[str, Tensor]) -> None:
        """Keep these weights as the best."""
        write_bytes(self.best, save({name: value.contiguous() for name, value in state.items()}))

    def load_best(self) -> dict[str, Tensor]:
        """Return the best weights.

        Raises:
            TrainingError: No epoch has ended yet.
        """
        if not self.best.is_file():
            raise TrainingError(f"{self.path}: no {self.best.name}; train it first")
        return load_file(self.best)

    def save_checkpoint(self, tensors: dict[str, Any], progress: Progress) -> None:
        """Keep all that the run needs to go on."""
        with atomic_open(self.checkpoint) as stream:
            _save({**tensors, "progress": progress.to_dict()}, stream)

    def load_checkpoint(self) -> tuple[dict[str, Any], Progress] | None:
        """Return what :meth:`save_checkpoint` kept last, or none.

        Raises:
            TrainingError: The file is not such a checkpoint.
        """
        if not self.checkpoint.is_file():
            return None
        try:
            tensors = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            return tensors, Progress.from_dict(tensors.pop("progress"))
        except Exception as fault:
            raise TrainingError(
                f"{self.checkpoint}: not a checkpoint that this version can go on from ({fault})"
            ) from fault

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Say what to do where a file of the run cannot be written.

        Raises:
            TrainingError: In place of an ``OSError`` in the block.
        """
        try:
            yield
        except OSError as fault:
            raise TrainingError(
                f"{fault.filename or self.path}: cannot be written ({fault.strerror}); whole "
                "epochs are kept, and --resume will go on from there"
            ) from fault

    def write_log(self, history: tuple[EpochRecord, ...]) -> None:
        """Write the whole log anew, so that a resumed run leaves no line twice."""
        stream = io.StringIO()
        writer = csv.DictWriter(stream, [field.name for field in fields(EpochRecord)])
        writer.writeheader()
        writer.writerows(asdict(record) for record in history)
        write_text(self.log, stream.getvalue())


def _save(value: dict[str, Any], stream: IO[bytes]) -> None:
    try:
        torch.save(value, stream)
    except RuntimeError as fault:  # it closes the archive, fails again, and hides what happened
        hidden = fault.__context__
        if isinstance(hidden, OSError) or not isinstance(hidden, Exception | None):
            raise hidden from None  # a full disk, or being told to end
        raise
