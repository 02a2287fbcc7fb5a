"""Where the page's figures put their lines: geometry alone, the template draws it."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lentigo.evaluation.bootstrap import Interval
from lentigo.study.compare import verdict
from lentigo.study.document import Measured, RowResult, StudyResult
from lentigo.training.progress import EpochRecord

Scale = Callable[[float], float]


class Tick(NamedTuple):
    """A labelled place on an axis."""

    at: float
    text: str


class ForestRow(NamedTuple):
    """One row's difference: a dot, its interval, and smaller dots for the seeds."""

    y: float
    number: int
    label: str
    jaccard: str
    dice: str
    kind: str
    x: float
    low: float
    high: float
    seeds: tuple[float, ...]


class Forest(NamedTuple):
    """The differences plot; all numbers are SVG user units.

    Attributes:
        width: Of the whole.
        height: Of the rows.
        jaccard: Where the texts of Jaccard end.
        dice: Where the texts of Dice end.
        zero: Where the difference is 0.
        ticks: Of the axis.
        rows: One for each row that is not the reference.
    """

    width: float
    height: float
    jaccard: float
    dice: float
    zero: float
    ticks: tuple[Tick, ...]
    rows: tuple[ForestRow, ...]


class Panel(NamedTuple):
    """One plot of a row's curves; ``lines`` are SVG points by the line's name."""

    title: str
    lines: dict[str, str]
    ticks: tuple[Tick, ...]
    best: tuple[float, float] | None


class Curves(NamedTuple):
    """A row's losses and scores by epoch, side by side; phases begin at ``phases``."""

    number: int
    label: str
    best: str
    epochs: int
    phases: tuple[Tick, ...]
    loss: Panel
    score: Panel


FOREST_LEFT, FOREST_RIGHT, FOREST_TEXT, FOREST_STEP = 310.0, 760.0, 220.0, 30.0
PANEL_WIDTH, PANEL_HEIGHT = 300.0, 150.0
_KINDS = {"holds": "better", "does not hold": "worse", "not shown": "unclear"}


def signed(value: float, digits: int = 3) -> str:
    """Return a difference with its sign, a true minus in front of what is below 0.

    Example:
        >>> signed(-0.0123), signed(0.2), signed(-0.0001)
        ('−0.012', '+0.200', '0.000')
    """
    text = f"{value:+.{digits}f}"
    return text[1:] if not float(text) else text.replace("-", "−")


def forest(result: StudyResult) -> Forest | None:
    """Return the plot of each row's Jaccard minus the reference's; none where no row has one."""
    shown = [
        (row, measured, measured.difference["jaccard_per_image"])
        for row, measured in result.finished
        if measured.difference and not row.same_as
    ]
    if not shown:
        return None
    ends = [end for _, m, i in shown for end in (i.low, i.high, *m.difference_by_seed.values())]
    low, high, step = round_range(min(0.0, *ends), max(0.0, *ends))
    across = _scale(low, high, FOREST_LEFT, FOREST_RIGHT)
    rows = tuple(
        _forest_row(row, measured, (i + 0.5) * FOREST_STEP, across)
        for i, (row, measured, _) in enumerate(shown)
    )
    return Forest(
        width=FOREST_RIGHT + 2 * FOREST_TEXT,
        height=len(rows) * FOREST_STEP,
        jaccard=FOREST_RIGHT + FOREST_TEXT,
        dice=FOREST_RIGHT + 2 * FOREST_TEXT,
        zero=across(0.0),
        ticks=_ticks(low, high, step, across, _signed_plain),
        rows=rows,
    )


def _forest_row(row: RowResult, measured: Measured, y: float, across: Scale) -> ForestRow:
    differences = measured.difference or {}
    jaccard, dice = differences["jaccard_per_image"], differences["dice_per_image"]
    several = len(measured.difference_by_seed) > 1
    return ForestRow(
        y=y,
        number=row.number,
        label=row.row.label,
        jaccard=_in_words(jaccard),
        dice=_in_words(dice),
        kind=_KINDS[verdict(jaccard)],
        x=across(jaccard.value),
        low=across(jaccard.low),
        high=across(jaccard.high),
        seeds=tuple(map(across, measured.difference_by_seed.values())) if several else (),
    )


def _in_words(difference: Interval) -> str:
    ends = f"{signed(difference.low)} to {signed(difference.high)}"
    return f"{signed(difference.value)} ({ends})"


def curves(result: StudyResult) -> tuple[Curves, ...]:
    """Return each trained row's curves; the score's axis is the same for all."""
    shown = [(row, m.history) for row, m in result.finished if not row.same_as and m.history]
    if not shown:
        return ()
    every = [epoch.score for _, history in shown for epoch in history]
    score_range = round_range(min(every), 1.0)
    return tuple(_curves(row, history, score_range) for row, history in shown)


def _curves(
    row: RowResult, history: Sequence[EpochRecord], score_range: tuple[float, float, float]
) -> Curves:
    across = _scale(0.5, len(history) + 0.5, 0.0, PANEL_WIDTH)
    losses = {
        "train": [epoch.train_loss for epoch in history],
        "validation": [epoch.validation_loss for epoch in history],
    }
    highest = max(max(values) for values in losses.values())
    best = max(range(len(history)), key=lambda i: history[i].score)
    starts = [i for i in range(len(history)) if not i or history[i].phase != history[i - 1].phase]
    return Curves(
        number=row.number,
        label=row.row.label,
        best=f"best {history[best].score:.3f} at epoch {best + 1} of {len(history)}",
        epochs=len(history),
        phases=tuple(Tick(across(i + 0.5), history[i].phase) for i in starts),
        loss=_panel("loss", losses, round_range(0.0, highest), across),
        score=_panel(
            "validation Dice", {"score": [e.score for e in history]}, score_range, across, best
        ),
    )


def _panel(
    title: str,
    lines: dict[str, list[float]],
    bounds: tuple[float, float, float],
    across: Scale,
    best: int | None = None,
) -> Panel:
    low, high, step = bounds
    up = _scale(low, high, PANEL_HEIGHT, 0.0)
    places = {
        name: [f"{across(i + 1):.1f},{up(value):.1f}" for i, value in enumerate(values)]
        for name, values in lines.items()
    }
    # A line of one point is not drawn; from the point to itself it is a dot.
    points = {name: " ".join(at if len(at) > 1 else at * 2) for name, at in places.items()}
    star = None if best is None else (across(best + 1), up(next(iter(lines.values()))[best]))
    return Panel(title, points, _ticks(low, high, step, up, _plain), star)


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    """Return the straight line that takes ``low`` to ``start`` and ``high`` to ``end``."""
    slope = (end - start) / (high - low)
    return lambda value: start + slope * (value - low)


def round_range(low: float, high: float, steps: int = 5) -> tuple[float, float, float]:
    """Return ends and step of an axis that holds both: a step of 1, 2 or 5 times a power of 10."""
    span = max(high - low, 1e-3) / steps
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= span * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return first * step, max(last, first + 1) * step, step


def _ticks(
    low: float, high: float, step: float, scale: Scale, text: Callable[[float], str]
) -> tuple[Tick, ...]:
    count = round((high - low) / step)
    return tuple(Tick(scale(low + i * step), text(low + i * step)) for i in range(count + 1))


def _plain(value: float) -> str:
    return f"{value:.3g}" if abs(value) > 1e-9 else "0"


def _signed_plain(value: float) -> str:
    text = _plain(abs(value))
    return text if text == "0" else f"{'−' if value < 0 else '+'}{text}"
