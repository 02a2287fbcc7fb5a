"""Where a run stands: everything but tensors that it needs to go on as if never stopped."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lentigo.training.recipe import Phase


@dataclass(frozen=True)
class EpochRecord:
    """One line of a run's log. ``score`` is the validation's Dice (per image) or AUC."""

    phase: str
    epoch: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    score: float
    best: bool
    seconds: float


@dataclass(frozen=True)
class Progress:
    """A run's state between two epochs.

    Attributes:
        phase: Index of the phase that comes next or goes on.
        epoch: Epochs done in it.
        best_score: The best of all phases.
        phase_score: The best of this phase.
        stale: Epochs of this phase since its best.
        reductions: How often the plateau has reduced this phase's rate.
        history: All epochs.
    """

    phase: int = 0
    epoch: int = 0
    best_score: float = -1.0
    phase_score: float = -1.0
    stale: int = 0
    reductions: int = 0
    history: tuple[EpochRecord, ...] = field(default=())

    def after_epoch(self, phase: Phase, record: EpochRecord) -> "Progress":
        """Return the state after one more epoch; at the phase's end, that of the next's start."""
        better = record.score > self.phase_score
        stale = 0 if better else self.stale + 1
        patience = phase.plateau.patience if phase.plateau else 0
        here = replace(
            self,
            epoch=self.epoch + 1,
            best_score=max(self.best_score, record.score),
            phase_score=max(self.phase_score, record.score),
            stale=stale,
            reductions=self.reductions + bool(patience and stale and stale % patience == 0),
            history=(*self.history, record),
        )
        stopped = phase.early_stopping is not None and stale >= phase.early_stopping
        if stopped or here.epoch == phase.epochs:
            return replace(
                here, phase=self.phase + 1, epoch=0, phase_score=-1.0, stale=0, reductions=0
            )
        return here

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Progress":
        """Return what :meth:`to_dict` was made from."""
        history = tuple(EpochRecord(**record) for record in values["history"])
        return cls(**{**values, "history": history})
