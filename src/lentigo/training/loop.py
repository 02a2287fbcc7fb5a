"""The loop: phases of epochs, each epoch a function of the recipe and of where the run stands."""

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam

from lentigo.errors import TrainingError
from lentigo.nets import LesionNet
from lentigo.training.average import Average
from lentigo.training.batch import training_batch
from lentigo.training.data import Order, Part, balanced, batches_of, epoch_images
from lentigo.training.depthwise import DepthwiseInFloat32
from lentigo.training.diagnoses import balanced_diagnosis_weights, diagnosis_loss
from lentigo.training.distillation import distillation_loss, teachers_of
from lentigo.training.folder import RunFolder
from lentigo.training.front import Behind
from lentigo.training.history import keep_history
from lentigo.training.kept import Front, front_of
from lentigo.training.losses import Loss, balanced_weights, expected_loss, loss_of
from lentigo.training.phases import idle, learning_rate
from lentigo.training.precision import Precision
from lentigo.training.progress import EpochRecord, Progress
from lentigo.training.recipe import Phase, Recipe
from lentigo.training.validation import placed, validate


class Listener(Protocol):
    """Who wants to know how a run goes."""

    def phase(self, phase: Phase, idle: str | None) -> None:
        """Hear that a phase begins or goes on; ``idle`` says so where it unfreezes nothing."""

    def step(self, phase: Phase, epoch: int, done: int, total: int, loss: float) -> None:
        """Hear of one more batch: ``done`` of ``total`` in epoch ``epoch`` (from 1)."""

    def epoch(self, record: EpochRecord) -> None:
        """Hear of one more epoch."""


@dataclass
class Trainer:
    """Trains one net by one recipe.

    Attributes:
        recipe: The experiment.
        net: The net; it is changed in place.
        train: Training images.
        validation: Images that the best weights are chosen on.
        folder: Where weights, checkpoint and log are kept.
        precision: What the net computes in.
        listener: Who hears of steps and epochs.
    """

    recipe: Recipe
    net: LesionNet
    train: Part
    validation: Part
    folder: RunFolder
    precision: Precision
    listener: Listener

    def __post_init__(self) -> None:
        # Its own precision is one for a process, while each row of a study may have another.
        self.accelerator = Accelerator(mixed_precision="no")
        self.net.to(self.accelerator.device)
        self.net.to(memory_format=torch.channels_last)
        self.class_weights: Tensor | None = None
        if self.recipe.class_weights == "balanced":
            weights = balanced_weights(torch.from_numpy(self.train.labels))
            self.class_weights = weights.to(self.accelerator.device)
        self.diagnosis_weights: Tensor | None = None
        if self.recipe.class_weights == "balanced" and self.train.diagnoses is not None:
            truth = torch.from_numpy(self.train.diagnoses)
            weights = balanced_diagnosis_weights(truth, len(self.recipe.diagnoses))
            self.diagnosis_weights = weights.to(self.accelerator.device)
        self.teachers = teachers_of(self.recipe)
        if self.teachers:
            self.teachers.to(self.accelerator.device)

    def run(self, resume: bool = False) -> Progress:
        """Train to the end of the last phase; with ``resume``, from the last whole epoch.

        The weights after a resumed run equal those of one that was never stopped.

        Raises:
            TrainingError: The loss is not finite, a checkpoint cannot be gone on from, or the
                run's folder cannot be written.
        """
        saved = self.folder.load_checkpoint() if resume else None
        tensors, progress = saved or ({}, Progress())
        while progress.phase < len(self.recipe.phases):
            progress = self._run_phase(progress, tensors)
            tensors = {}
        return progress

    def _run_phase(self, progress: Progress, tensors: dict[str, Any]) -> Progress:
        index, phase = progress.phase, self.recipe.phases[progress.phase]
        if progress.epoch:
            self.net.load_state_dict(tensors["net"])
        elif index:  # a phase starts from the best weights so far
            self.net.load_state_dict(tensors.get("best") or self.folder.load_best())
        self.listener.phase(phase, idle(self.net, self.recipe.phases, index))
        self.average = Average(self.net, self.recipe.ema) if self.recipe.ema else None
        if self.average and progress.epoch:
            self.average.load_state_dict(tensors["average"])
        trained = [p for p in self.net.parameters() if p.requires_grad]
        optimiser = Adam(trained, lr=phase.learning_rate, fused=True)
        if progress.epoch:
            optimiser.load_state_dict(tensors["optimiser"])
        with self._front(phase) as self.front, self._prepared() as model:
            while progress.phase == index:
                progress = self._run_epoch(model, optimiser, phase, progress)
        return progress

    def _autocast(self) -> AbstractContextManager[None]:
        """Compute what follows in the run's precision."""
        enabled = self.precision == "bf16"
        return torch.autocast(self.accelerator.device.type, torch.bfloat16, enabled=enabled)

    def _front(self, phase: Phase) -> AbstractContextManager[Front | None]:
        """Ask apart what is frozen before all that trains; each process does so for itself."""
        folder = self.folder.kept / str(self.accelerator.process_index)
        parts = (self.train, self.validation)
        return front_of(self.net, self.recipe, phase, *parts, folder, self.precision)

    @contextmanager
    def _prepared(self) -> Iterator[nn.Module]:
        """Wrap the net for this phase: what is frozen decides what processes exchange."""
        model = self.accelerator.prepare_model(self._trained(self.net))
        try:
            yield model
        finally:
            self.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
            self.accelerator.free_memory()

    def _trained(self, net: LesionNet) -> nn.Module:
        return Behind(net, self.front.parts) if self.front else net

    def _run_epoch(
        self, model: nn.Module, optimiser: Adam, phase: Phase, progress: Progress
    ) -> Progress:
        started = time.perf_counter()
        train_loss = self._train_epoch(model, optimiser, phase, progress)
        judged = self._trained(self.average.net) if self.average else model
        with self._autocast():
            result = validate(
                judged,
                self.validation,
                self._loss(phase),
                self.recipe.batch_size,
                self.recipe.diagnoses_weight,
                self.front.validation if self.front else None,
            )
        record = EpochRecord(
            phase=phase.name,
            epoch=len(progress.history) + 1,
            learning_rate=optimiser.param_groups[0]["lr"],
            train_loss=train_loss,
            validation_loss=result.loss,
            score=result.score,
            best=result.score > progress.best_score,
            seconds=round(time.perf_counter() - started, 2),
        )
        progress = progress.after_epoch(phase, record)
        if self.accelerator.is_main_process:
            with self.folder.writing():
                self._keep(record, progress, optimiser)
        self.accelerator.wait_for_everyone()
        self.listener.epoch(record)
        return progress

    def _keep(self, record: EpochRecord, progress: Progress, optimiser: Adam) -> None:
        tensors = {"net": self.net.state_dict(), "optimiser": optimiser.state_dict()}
        if self.average:
            tensors["average"] = self.average.state_dict()
        # Best weights first: a run killed in between repeats this epoch and writes them anew.
        if record.best:
            judged = self.average.net if self.average else self.net
            self.folder.save_best(judged.state_dict())
        if progress.epoch == 0 and progress.phase < len(self.recipe.phases):
            # The next phase starts from these, and its first epoch may replace them on disk.
            tensors["best"] = self.folder.load_best()
        self.folder.save_checkpoint(tensors, progress)
        keep_history(self.folder, self.recipe.task, progress.history)

    def _train_epoch(
        self, model: nn.Module, optimiser: Adam, phase: Phase, progress: Progress
    ) -> float:
        epoch, rank = len(progress.history), self.accelerator.process_index
        chance = torch.Generator(self.accelerator.device)
        chance.manual_seed(_seed(self.recipe.seed, epoch, rank))
        torch.manual_seed(_seed(self.recipe.seed, epoch, rank))  # dropout draws from here
        order, ranks = self._epoch_images(epoch), self.accelerator.num_processes
        batches = batches_of(order, self.recipe.batch_size, rank, ranks)
        loss_function = self._loss(phase)
        self.net.train()
        total = 0.0
        for i, chosen in enumerate(batches):
            done = (progress.epoch + i / len(batches)) / phase.epochs
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(phase, done, progress.reductions)
            batch = self._batch(chosen, progress.epoch, chance)
            loss = self._step(model, optimiser, loss_function, chosen, *batch)
            if not math.isfinite(loss):
                raise TrainingError(self._not_finite(loss, phase, progress, i))
            total += loss
            self.listener.step(phase, progress.epoch + 1, i + 1, len(batches), loss)
        return total / len(batches)

    def _batch(
        self, chosen: NDArray[np.int64], epoch: int, chance: torch.Generator
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return what the model trains on, and the targets: pixels, or what their front makes."""
        if self.front and self.front.train:
            return self.front.train.take(chosen, epoch % self.front.views, chance.device)
        pixels, target = training_batch(self.recipe, self.train, chosen, chance)
        return self.front.ask(pixels) if self.front else (pixels,), target

    def _epoch_images(self, epoch: int) -> Order:
        further, seed = self.recipe.data.further, self.recipe.seed
        share = further.share if further else 0.0
        order = epoch_images(len(self.train), self.train.further, share, seed, epoch)
        if self.recipe.sampling == "balanced":
            return balanced(order, self.train.labels, seed, epoch)
        return order

    def _loss(self, phase: Phase) -> Loss:
        counts = None
        if self.recipe.task == "classification":
            malignant = int(self.train.labels.sum())
            counts = (len(self.train) - malignant, malignant)
        return loss_of(phase.loss.name, phase.loss.options, counts)

    def _step(
        self,
        model: nn.Module,
        optimiser: Adam,
        loss_function: Loss,
        chosen: NDArray[np.int64],
        inputs: tuple[Tensor, ...],
        target: Tensor,
    ) -> float:
        inputs = placed(inputs, target.device)
        with self._autocast():
            logits = model(*inputs).float()
        if self.recipe.task == "segmentation":
            loss = loss_function(logits, target).mean()
        else:
            malignant = logits[:, :1]
            loss = expected_loss(loss_function, malignant, target, self.class_weights).mean()
            loss = loss + self._diagnosis_loss(logits[:, 1:], chosen)
            loss = self._taught(loss, logits, inputs[0])
        optimiser.zero_grad(set_to_none=True)
        with DepthwiseInFloat32():  # type: ignore[no-untyped-call]
            self.accelerator.backward(loss)
        optimiser.step()
        if self.average:
            self.average.follow(self.net)
        return loss.item()

    def _diagnosis_loss(self, logits: Tensor, chosen: NDArray[np.int64]) -> Tensor | float:
        if self.train.diagnoses is None:
            return 0.0
        truth = torch.from_numpy(self.train.diagnoses[chosen]).to(logits.device)
        loss = diagnosis_loss(logits, truth, self.diagnosis_weights)
        return self.recipe.diagnoses_weight * loss

    def _taught(self, loss: Tensor, logits: Tensor, pixels: Tensor) -> Tensor:
        """Return the loss of the labels together with that of the teachers' answers."""
        if not (self.teachers and self.recipe.distillation):
            return loss
        with self._autocast():
            taught = self.teachers(pixels)
        learnt = distillation_loss(logits, taught, self.recipe.diagnoses_weight)
        return torch.lerp(loss, learnt, self.recipe.distillation.weight)

    def _not_finite(self, loss: float, phase: Phase, progress: Progress, step: int) -> str:
        kept = (
            f"the best weights so far (score {progress.best_score:.4f}) are in {self.folder.best}"
            if progress.history
            else "no epoch had ended, so there are no weights to keep"
        )
        return (
            f"the loss is {loss} in phase '{phase.name}', epoch {progress.epoch + 1}, step "
            f"{step + 1}; {kept}. Lower this phase's learning_rate, or set precision to fp32"
        )


def _seed(seed: int, epoch: int, rank: int) -> int:
    return (seed * 1_000_003 + epoch) * 1_009 + rank
