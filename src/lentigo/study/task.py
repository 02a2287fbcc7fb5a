"""What the studies of one task have that those of another have not."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import polars as pl

from lentigo.bundle import Bundle
from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.evaluate import Evaluation
from lentigo.study.document import Control, Scores, StudyResult
from lentigo.study.folder import StudyFolder
from lentigo.study.results import Result, Runs
from lentigo.study.schema import Figure, Metric, Study

S = TypeVar("S", bound=Scores)

NO_INTERVALS = Bootstrap(draws=1)
"""For evaluations whose images are kept: the study draws its own, over all seeds."""


class StudyTask(ABC, Generic[S]):
    """One task's side of a study: how its rows are measured, compared and shown.

    Attributes:
        template: The page's template, which fills the blocks of ``study.html``.
        score_name: What the validation's score is by epoch.
        titles: The metrics that rows are compared by, as the page heads them, the leading first.
        columns: What the command line tells of a row beside its number and label.
    """

    template: ClassVar[str]
    score_name: ClassVar[str]
    titles: ClassVar[Mapping[Metric, str]]
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def measure(self, bundle: Bundle, rows: pl.DataFrame, part: str) -> Evaluation:
        """Run a row's bundle over one part's images.

        Args:
            bundle: The row's bundle.
            rows: The part's rows of the manifest.
            part: Its name.

        Raises:
            LentigoError: The images cannot be read, or the bundle cannot be run.
        """

    @abstractmethod
    def scores(self, runs: Sequence[Result], bootstrap: Bootstrap) -> tuple[S, S]:
        """Return a row's scores over all its seeds, on its validation part and on the test part."""

    @abstractmethod
    def leading(self, scores: S) -> Interval:
        """Return the score that rows are ranked by."""

    @abstractmethod
    def score(self, run: Result) -> float:
        """Return one run's leading score on the test part."""

    @abstractmethod
    def difference(
        self, row: Sequence[Result], other: Sequence[Result], metric: Metric, bootstrap: Bootstrap
    ) -> Interval:
        """Return by how much a row's score is above another's on the same test images.

        The bootstrap draws groups of images with both rows' answers together, so that what makes
        an image hard for both cancels.

        Args:
            row: The runs of one row, one a seed.
            other: Those of the other; its seeds may differ in number.
            metric: What is compared; one of ``titles``.
            bootstrap: How the interval is drawn.
        """

    def controls(self, study: Study, run: Result, bootstrap: Bootstrap) -> tuple[Control, ...]:
        """Return the lines of the table that need no net, but only the test part's labels.

        Args:
            study: What prints figures of them.
            run: A run whose test part is the common one.
            bootstrap: How the intervals are drawn.
        """
        return ()

    @abstractmethod
    def exhibits(
        self,
        result: StudyResult,
        runs: Mapping[str, Runs],
        folder: StudyFolder,
        images: pl.DataFrame,
    ) -> Mapping[str, Any]:
        """Return what the task's template shows beside the result, by the names it uses.

        Args:
            result: The study.
            runs: The finished runs of each row that is trained itself.
            folder: Where their bundles are.
            images: The source's manifest.
        """

    @abstractmethod
    def line(self, test: S, reported: Mapping[Figure, float | None]) -> tuple[str, ...]:
        """Return the texts of ``columns`` for a row that is finished.

        Args:
            test: Its scores on the test part.
            reported: What the study prints for it.
        """
