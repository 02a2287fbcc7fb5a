"""What each threshold would decide on the test part, and the ROC curve: a row's figures.

As in ``lentigo.study.figures`` this is geometry alone, in SVG user units; the template draws it.
Drawn is the first seed, whose thresholds are marked.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.classification import weighted_rates
from lentigo.evaluation.ranking import weighted_sensitivity
from lentigo.evaluation.ratios import Floats
from lentigo.study.document import RowResult
from lentigo.study.figures import Scale, Tick, straight, ticks
from lentigo.study.label_scores import STUDYS_RULE, Answers, answers, choose_thresholds
from lentigo.study.results import Runs

SWEPT: Mapping[str, str] = {
    "accuracy": "accuracy",
    "precision": "malignant precision",
    "sensitivity": "malignant recall",
    "f1": "malignant F1",
}
"""What is drawn against the threshold, with its name for people."""

SIDE = 240.0
_NAMES_FROM, _NAMES_STEP = 10.0, 20.0
_STEPS = np.linspace(0.0, 1.0, 101)
_RATES = np.linspace(0.0, 1.0, 51)


class Line(NamedTuple):
    """A line and the band of its intervals, both as SVG points."""

    points: str
    band: str


class Mark(NamedTuple):
    """A chosen point: its name, where it lies, and where its name stands."""

    name: str
    x: float
    y: float
    label_y: float


class Decisions(NamedTuple):
    """One row's panels, each a square of ``SIDE``.

    Attributes:
        number: The row's.
        label: The row's.
        sweep: By the names of ``SWEPT``, against the threshold.
        threshold: Where the threshold of the study's rule lies.
        roc: Sensitivity against the false-positive rate.
        marks: The chosen points on it.
        across: Ticks of both panels' horizontal axes.
        up: Ticks of their vertical ones.
    """

    number: int
    label: str
    sweep: Mapping[str, Line]
    threshold: float
    roc: Line
    marks: tuple[Mark, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def decisions(row: RowResult, runs: Runs, bootstrap: Bootstrap) -> Decisions:
    """Return a row's figures, of its first seed.

    Args:
        row: The row.
        runs: Its finished runs.
        bootstrap: How the bands are drawn: over lesions, each point by itself.
    """
    run = runs[min(runs)]
    got = answers([run.test])
    chosen = choose_thresholds(run.validation)
    across, up = straight(0.0, 1.0, 0.0, SIDE), straight(0.0, 1.0, SIDE, 0.0)
    return Decisions(
        number=row.number,
        label=row.row.label,
        sweep={
            name: _line(_STEPS, intervals, across, up)
            for name, intervals in sweep(got, bootstrap).items()
        },
        threshold=across(chosen[STUDYS_RULE]),
        roc=_line(_RATES, roc(got, bootstrap), across, up),
        marks=_marks(got, chosen, across, up),
        across=ticks(0.0, 1.0, 0.2, across),
        up=ticks(0.0, 1.0, 0.2, up),
    )


def sweep(got: Answers, bootstrap: Bootstrap) -> dict[str, list[Interval]]:
    """Return each of ``SWEPT`` at the thresholds 0, 0.01, …, 1."""
    called = got.probability[0][:, None] >= _STEPS

    def statistics(weights: Floats) -> dict[str, Floats]:
        rates = weighted_rates(got.malignant[:, None], called, weights)
        return {f"{name}/{i}": rates[name][:, i] for name in SWEPT for i in range(len(_STEPS))}

    found = bootstrap.intervals(statistics, got.groups)
    return {name: [found[f"{name}/{i}"] for i in range(len(_STEPS))] for name in SWEPT}


def roc(got: Answers, bootstrap: Bootstrap) -> list[Interval]:
    """Return the sensitivity at the false-positive rates 0, 0.02, …, 1."""

    def statistics(weights: Floats) -> dict[str, Floats]:
        found = weighted_sensitivity(got.malignant, got.probability[0], weights, _RATES)
        return {str(i): found[:, i] for i in range(len(_RATES))}

    return list(bootstrap.intervals(statistics, got.groups).values())


def _line(at: Floats, intervals: Sequence[Interval], across: Scale, up: Scale) -> Line:
    """Join what is defined: precision is not where nothing is called malignant."""
    shown = [
        (across(x), interval)
        for x, interval in zip(at.tolist(), intervals, strict=True)
        if not np.isnan([interval.value, interval.low, interval.high]).any()
    ]
    line = [f"{x:.1f},{up(interval.value):.1f}" for x, interval in shown]
    high = [f"{x:.1f},{up(interval.high):.1f}" for x, interval in shown]
    low = [f"{x:.1f},{up(interval.low):.1f}" for x, interval in shown]
    return Line(" ".join(line), " ".join([*high, *reversed(low)]))


def _marks(got: Answers, chosen: Mapping[str, float], across: Scale, up: Scale) -> tuple[Mark, ...]:
    called = got.probability[0][:, None] >= np.array(list(chosen.values()))
    rates = weighted_rates(got.malignant[:, None], called, np.ones((1, len(got.malignant))))
    wrong, found = 1 - rates["specificity"][0], rates["sensitivity"][0]
    # Names stand below the diagonal, where no curve is, in the order of the points along the curve.
    places = sorted(zip(wrong.tolist(), found.tolist(), chosen, strict=True))
    return tuple(
        Mark(name, across(x), up(y), SIDE - _NAMES_FROM - i * _NAMES_STEP)
        for i, (x, y, name) in enumerate(places)
        if not np.isnan([x, y]).any()
    )
