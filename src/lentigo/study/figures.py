"""Where the page's figures put their lines: geometry alone, the template draws it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from lentigo.evaluation.bootstrap import Interval
from lentigo.study.compare import verdict
from lentigo.study.document import Measured, RowResult, StudyResult
from lentigo.study.schema import Metric
from lentigo.training.progress import EpochRecord

Scale = Callable[[float], float]


class Tick(NamedTuple):
    """A text at a place on an axis."""

    at: float
    text: str


class ForestRow(NamedTuple):
    """One row's difference: a dot, its interval, and smaller dots for the seeds."""

    y: float
    number: int
    label: str
    texts: tuple[Tick, ...]
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
        metrics: What is compared, each where its texts end; the first is drawn.
        zero: Where the difference is 0.
        ticks: Of the axis.
        rows: One for each row that is not the reference.
    """

    width: float
    height: float
    metrics: tuple[Tick, ...]
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


def forest(result: StudyResult, titles: Mapping[Metric, str]) -> Forest | None:
    """Return the plot of each row's score minus the reference's; none where no row has one.

    Args:
        result: The study.
        titles: The metrics that are compared, with their titles; the first is drawn.
    """
    leading = next(iter(titles))
    shown = [
        (row, measured, measured.difference[leading])
        for row, measured in result.finished
        if measured.difference and not row.same_as
    ]
    if not shown:
        return None
    ends = [end for _, m, i in shown for end in (i.low, i.high, *m.difference_by_seed.values())]
    low, high, step = round_range(min(0.0, *ends), max(0.0, *ends))
    across = straight(low, high, FOREST_LEFT, FOREST_RIGHT)
    ends_at = {name: FOREST_RIGHT + i * FOREST_TEXT for i, name in enumerate(titles, start=1)}
    rows = tuple(
        _forest_row(row, measured, (i + 0.5) * FOREST_STEP, across, ends_at)
        for i, (row, measured, _) in enumerate(shown)
    )
    return Forest(
        width=FOREST_RIGHT + len(titles) * FOREST_TEXT,
        height=len(rows) * FOREST_STEP,
        metrics=tuple(Tick(ends_at[name], title) for name, title in titles.items()),
        zero=across(0.0),
        ticks=ticks(low, high, step, across, _signed_plain),
        rows=rows,
    )


def _forest_row(
    row: RowResult, measured: Measured, y: float, across: Scale, ends_at: Mapping[Metric, float]
) -> ForestRow:
    differences = measured.difference or {}
    drawn = differences[next(iter(ends_at))]
    several = len(measured.difference_by_seed) > 1
    return ForestRow(
        y=y,
        number=row.number,
        label=row.row.label,
        texts=tuple(Tick(x, _in_words(differences[name])) for name, x in ends_at.items()),
        kind=_KINDS[verdict(drawn)],
        x=across(drawn.value),
        low=across(drawn.low),
        high=across(drawn.high),
        seeds=tuple(map(across, measured.difference_by_seed.values())) if several else (),
    )


def _in_words(difference: Interval) -> str:
    ends = f"{signed(difference.low)} to {signed(difference.high)}"
    return f"{signed(difference.value)} ({ends})"


def curves(result: StudyResult, score_name: str) -> tuple[Curves, ...]:
    """Return each trained row's curves; the score's axis is the same for all.

    Args:
        result: The study.
        score_name: What the validation's score is.
    """
    shown = [(row, m.history) for row, m in result.finished if not row.same_as and m.history]
    if not shown:
        return ()
    every = [epoch.score for _, history in shown for epoch in history]
    score_range = round_range(min(every), 1.0)
    return tuple(_curves(row, history, score_range, score_name) for row, history in shown)


def _curves(
    row: RowResult,
    history: Sequence[EpochRecord],
    score_range: tuple[float, float, float],
    score_name: str,
) -> Curves:
    across = straight(0.5, len(history) + 0.5, 0.0, PANEL_WIDTH)
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
            f"validation {score_name}",
            {"score": [e.score for e in history]},
            score_range,
            across,
            best,
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
    up = straight(low, high, PANEL_HEIGHT, 0.0)
    places = {
        name: [f"{across(i + 1):.1f},{up(value):.1f}" for i, value in enumerate(values)]
        for name, values in lines.items()
    }
    # A line of one point is not drawn; from the point to itself it is a dot.
    points = {name: " ".join(at if len(at) > 1 else at * 2) for name, at in places.items()}
    star = None if best is None else (across(best + 1), up(next(iter(lines.values()))[best]))
    return Panel(title, points, ticks(low, high, step, up), star)


def straight(low: float, high: float, start: float, end: float) -> Scale:
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


def plain(value: float) -> str:
    """Return a number as an axis shows it."""
    return f"{value:.3g}" if abs(value) > 1e-9 else "0"


def ticks(
    low: float,
    high: float,
    step: float,
    scale: Scale,
    text: Callable[[float], str] = plain,
) -> tuple[Tick, ...]:
    """Return an axis's ticks, from ``low`` to ``high`` by ``step``."""
    count = round((high - low) / step)
    return tuple(Tick(scale(low + i * step), text(low + i * step)) for i in range(count + 1))


def _signed_plain(value: float) -> str:
    text = plain(abs(value))
    return text if text == "0" else f"{'−' if value < 0 else '+'}{text}"
