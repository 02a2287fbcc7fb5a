"""The study's results put together: one record that CSV, JSON and page are written from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Literal, Protocol

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.study.compare import Verdict
from lentigo.study.schema import TERMS, Claim, Figure, Metric, Row, Study
from lentigo.study.settings import Settings
from lentigo.training.progress import EpochRecord
from lentigo.training.recipe import Recipe

Outcome = Verdict | Literal["not run", "same run"]


class Scores(Protocol):
    """What a task measures of one part's images."""

    @property
    def n(self) -> int:
        """Images."""

    def as_json(self) -> dict[str, Any]:
        """Return the scores by the names that ``study.json`` uses."""


@dataclass(frozen=True)
class Measured:
    """What a row came to over its seeds.

    Attributes:
        seeds: Those that are finished.
        validation: On the row's own validation part, which its weights and threshold were chosen
            on.
        test: On the common test part.
        difference: The row minus the reference on the test part; none for the reference itself.
        score_by_seed: The test part's leading score of each seed.
        difference_by_seed: The same minus the reference's, of the seeds that both have.
        weights: What the encoder started from.
        parameters: Of the net.
        gmacs: Multiply-adds for one image at the size used, in 10⁹.
        training_s: Seconds of training, the mean over the seeds.
        n_train: Training images.
        n_validation: Validation images.
        device: What it was trained on.
        engine: What ran the model when it was measured.
        history: The epochs of the first seed.
    """

    seeds: tuple[int, ...]
    validation: Scores
    test: Scores
    difference: Mapping[Metric, Interval] | None
    score_by_seed: Mapping[int, float]
    difference_by_seed: Mapping[int, float]
    weights: str
    parameters: int
    gmacs: float
    training_s: float
    n_train: int
    n_validation: int
    device: str
    engine: str
    history: tuple[EpochRecord, ...]

    def as_json(self, leading: Figure) -> dict[str, Any]:
        """Return all but the epochs, which stand in the run's own folder.

        Args:
            leading: The name of the leading score.
        """
        difference = self.difference or {}
        return {
            "seeds": list(self.seeds),
            "weights": self.weights,
            "parameters": self.parameters,
            "gmacs": self.gmacs,
            "training_s": self.training_s,
            "n_train": self.n_train,
            "n_validation": self.n_validation,
            "device": self.device,
            "engine": self.engine,
            "validation": self.validation.as_json(),
            "test": self.test.as_json(),
            "difference": {name: interval.as_json() for name, interval in difference.items()},
            "by_seed": {
                f"test_{leading}": _by_name(self.score_by_seed),
                "difference": _by_name(self.difference_by_seed),
            },
        }


@dataclass(frozen=True)
class RowResult:
    """A row of the table.

    Attributes:
        number: From 1.
        row: What the study says of it.
        recipe: As it runs, but for the seed.
        same_as: The row that is the very same experiment with these settings, if there is one.
        fault: Why it could not be trained, if it could not.
        measured: What it came to; none until a seed is finished.
    """

    number: int
    row: Row
    recipe: Recipe
    same_as: int | None
    fault: str | None
    measured: Measured | None

    @property
    def reported(self) -> dict[Figure, float | None]:
        """What the study prints for it; all that it could, none where it does not."""
        printed = self.row.reported or {}
        return {name: printed.get(name) for name in TERMS[self.recipe.task].reported}

    @property
    def epochs(self) -> int:
        """Epochs of all phases."""
        return sum(phase.epochs for phase in self.recipe.phases)

    def as_json(self) -> dict[str, Any]:
        """Return the row by the names that ``study.json`` uses."""
        leading = next(iter(TERMS[self.recipe.task].metrics.values()))
        return {
            "number": self.number,
            "row": self.row.recipe,
            "label": self.row.label,
            "note": self.row.note,
            "same_as": self.same_as,
            "fault": self.fault,
            "size_px": list(self.recipe.data.size_px),
            "epochs": self.epochs,
            "reported": self.reported,
            **(self.measured.as_json(leading) if self.measured else {}),
        }


@dataclass(frozen=True)
class Control:
    """A line of the table that nothing was trained for.

    Attributes:
        name: Its name, where a row's recipe would stand.
        label: The same for people.
        reported: What the study prints for it.
        test: On the common test part.
    """

    name: str
    label: str
    reported: Mapping[Figure, float]
    test: Scores

    def as_json(self) -> dict[str, Any]:
        """Return the line by the names that ``study.json`` uses."""
        return {
            "row": self.name,
            "label": self.label,
            "reported": dict(self.reported),
            "test": self.test.as_json(),
        }


@dataclass(frozen=True)
class ClaimResult:
    """A claim, and whether it is shown.

    Attributes:
        claim: What the study says.
        metric: What the rows are compared by.
        better: Number of the row that is said to do better.
        than: Number of the other.
        reported: The difference that the study reports, as printed there, if it does.
        difference: Ours on the test part; none where a row is not finished.
        verdict: What the interval says, or why nothing can be said.
    """

    claim: Claim
    metric: Metric
    better: int
    than: int
    reported: float | None
    difference: Interval | None
    verdict: Outcome

    def as_json(self) -> dict[str, Any]:
        """Return the claim by the names that ``study.json`` uses."""
        return {
            "text": self.claim.text,
            "better": self.claim.better,
            "than": self.claim.than,
            "metric": self.metric,
            "reported_difference": self.reported,
            "difference": self.difference.as_json() if self.difference else None,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class StudyResult:
    """All that is known so far."""

    study: Study
    settings: Settings
    bootstrap: Bootstrap
    rows: tuple[RowResult, ...]
    claims: tuple[ClaimResult, ...]
    controls: tuple[Control, ...] = ()

    @property
    def finished(self) -> tuple[tuple[RowResult, Measured], ...]:
        """The rows with something measured, and what it is."""
        return tuple((row, row.measured) for row in self.rows if row.measured)

    @property
    def reference(self) -> RowResult:
        """The row that the others are held against."""
        return self.rows[self.study.number(self.study.reference) - 1]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``study.json``."""
        data = self.reference.recipe.data
        controls = [control.as_json() for control in self.controls]
        return {
            "title": self.study.title,
            "citation": self.study.citation,
            "lentigo": version("lentigo"),
            "settings": self.settings.model_dump(mode="json"),
            "reference": self.study.reference,
            "test_part": {
                "source": data.source,
                "hold_out": data.hold_out.model_dump() if data.hold_out else None,
            },
            "bootstrap": asdict(self.bootstrap),
            "rows": [row.as_json() for row in self.rows],
            **({"controls": controls} if controls else {}),
            "claims": [claim.as_json() for claim in self.claims],
        }


def _by_name(by_seed: Mapping[int, float]) -> dict[str, float]:
    return {str(seed): value for seed, value in by_seed.items()}
