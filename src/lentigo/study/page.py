"""The page that a person reads: one self-contained HTML file, the claims' verdicts first."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lentigo.evaluation.bootstrap import Interval
from lentigo.runtime.finding import NOTICE
from lentigo.study.document import StudyResult
from lentigo.study.figures import curves, forest, signed
from lentigo.study.tasks import TASKS


def render_page(result: StudyResult, exhibits: Mapping[str, Any]) -> str:
    """Return the page of a study; it asks no host for anything.

    Args:
        result: The study.
        exhibits: What its task shows beside it.
    """
    task = TASKS[result.study.task]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "signed": signed,
        "score": lambda value: f"{value:.3f}",
        "ends": _ends,
        "share": lambda share: f"{share:.1%}".replace("%", "\N{NO-BREAK SPACE}%"),
        "count": _count,
        "duration": duration,
        "sides": lambda size: "×".join(map(str, size)) if size[0] != size[1] else f"{size[0]}²",
    }
    return environment.get_template(task.template).render(
        result=result,
        best=max(result.finished, key=lambda pair: task.leading(pair[1].test).value, default=None),
        held=sum(claim.verdict == "holds" for claim in result.claims),
        judged=sum(claim.difference is not None for claim in result.claims),
        cautions=tuple(cautions(result)),
        forest=forest(result, task.titles),
        curves=curves(result, task.score_name),
        score_name=task.score_name,
        notice=NOTICE,
        **exhibits,
    )


def cautions(result: StudyResult) -> Iterator[str]:
    """Yield, in words, what the reader must know before believing the figures."""
    if result.settings.changes:
        told = f"Not at the study's own settings: run with {result.settings.changes}."
        if result.settings.epochs_factor != 1:
            told += " Each phase has at least one epoch, so rows of many phases may train longer."
        yield told
    seeds = set(result.settings.seeds)
    if open_rows := [
        row.number for row in result.rows if not row.measured or seeds - set(row.measured.seeds)
    ]:
        yield f"{_rows(open_rows)} not finished."
    if len(result.settings.seeds) == 1:
        yield (
            "One training run a row: the intervals tell what other test images would have given, "
            "not what another run would have."
        )
    if scratch := [r.number for r, m in result.finished if m.weights.startswith("from scratch:")]:
        yield (
            f"{_rows(scratch)} from random weights, since the pretrained ones were not at hand: a "
            "claim about such a row also compares how the rows began."
        )
    for row in result.rows:
        if row.same_as:
            what = f"under {result.settings.changes}" if result.settings.changes else "as written"
            yield (
                f"Row {row.number} is the same experiment as row {row.same_as} {what}: it was "
                "trained once, and nothing can be told of their difference."
            )


def _rows(numbers: list[int]) -> str:
    """Return rows in words with their verb, runs of three and more shortened."""
    spans = [[numbers[0], numbers[0]]]
    for before, number in pairwise(numbers):
        if number == before + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    told = [
        str(first) if first == last else f"{first}{', ' if last == first + 1 else '–'}{last}"
        for first, last in spans
    ]
    return f"Row {told[0]} is" if len(numbers) == 1 else f"Rows {', '.join(told)} are"


def duration(seconds: float) -> str:
    """Return seconds in the unit that a person would use.

    Example:
        >>> duration(8.2), duration(312), duration(7380)
        ('8 s', '5 min', '2.1 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _ends(interval: Interval) -> str:
    return f"{interval.low:.3f}–{interval.high:.3f}"


def _count(number: int) -> str:
    """Return a number of weights in millions, or in thousands where that is 0."""
    return f"{number / 1e6:.1f} M" if number >= 1e5 else f"{number / 1e3:.1f} k"
