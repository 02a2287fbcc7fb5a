"""A run's curves as a picture: loss and validation score by epoch, phases marked."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lentigo.files import atomic_open
from lentigo.training.progress import EpochRecord


def draw_curves(history: tuple[EpochRecord, ...], score_name: str, path: Path) -> None:
    """Write a PNG with the losses on the left and the validation score on the right."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    mark = "o" if len(history) < 40 else ""
    left.plot(epochs, [r.train_loss for r in history], marker=mark, ms=3, label="train")
    left.plot(epochs, [r.validation_loss for r in history], marker=mark, ms=3, label="validation")
    left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    left.legend(frameon=False)
    right.plot(epochs, [r.score for r in history], marker=mark, ms=3, color="tab:green")
    best = max(range(len(history)), key=lambda i: history[i].score)
    right.plot(best + 1, history[best].score, "*", ms=14, color="tab:orange")
    right.set(xlabel="epoch", ylabel=f"validation {score_name}")
    right.set_title(f"best {history[best].score:.4f} at epoch {best + 1}", fontsize=10)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
        _mark_phases(axes, history)
    with atomic_open(path) as stream:
        figure.savefig(stream, format="png", dpi=120)


def _mark_phases(axes: Axes, history: tuple[EpochRecord, ...]) -> None:
    starts = [i for i, r in enumerate(history) if not i or r.phase != history[i - 1].phase]
    for i in starts:
        if i:
            axes.axvline(i + 0.5, color="grey", lw=0.8, ls="--")
        name = axes.annotate(
            history[i].phase,
            (i + 0.6, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -10),
            textcoords="offset points",
            fontsize=8,
            color="grey",
        )
        name.set_in_layout(False)  # a long name may stand over the next phase, not shrink the axes
