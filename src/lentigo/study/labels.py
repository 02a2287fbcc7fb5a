"""Studies of classification: malignant or benign, at thresholds chosen on validation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import polars as pl

from lentigo.bundle import Bundle
from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.evaluate import Evaluation, evaluate_bundle
from lentigo.evaluation.model_card import interval_texts
from lentigo.evaluation.ranking import auc
from lentigo.study.document import Control, StudyResult
from lentigo.study.folder import StudyFolder
from lentigo.study.label_figures import SWEPT, decisions
from lentigo.study.label_scores import (
    STUDYS_RULE,
    LabelScores,
    always_benign,
    choose_thresholds,
    label_scores,
    paired_difference,
)
from lentigo.study.results import Result, Runs
from lentigo.study.schema import Figure, Metric, Study
from lentigo.study.task import NO_INTERVALS, StudyTask

_KEPT = ("image_id", "group", "malignant", "probability", "skipped")


class ClassificationStudy(StudyTask[LabelScores]):
    """Rows that tell malignant from benign."""

    template: ClassVar[str] = "labels.html"
    score_name: ClassVar[str] = "AUC"
    titles: ClassVar[Mapping[Metric, str]] = {
        "auc": "AUC",
        "accuracy": "Accuracy, study's rule",
    }
    columns: ClassVar[tuple[str, ...]] = (
        "AUC",
        "95 % interval",
        "Accuracy (reported)",
        "Malignant recall (reported)",
    )

    def measure(self, bundle: Bundle, rows: pl.DataFrame, part: str) -> Evaluation:
        """Take the net's own probabilities: a study chooses its thresholds on those.

        Regions are shown by the outlines that the row was trained with.
        """
        outlines = bundle.spec.recipe["data"]["outlines"] if bundle.spec.input.region else None
        measured = evaluate_bundle(
            bundle, rows, split=part, outlines=outlines, bootstrap=NO_INTERVALS
        )
        table = measured.table.select(_KEPT)
        if calibration := bundle.spec.calibration:
            own = calibration.inverse.apply(table["probability"].to_numpy())
            # An image that could not be read has no probability, before or after.
            table = table.with_columns(probability=pl.Series(own, nan_to_null=True))
        return replace(measured, table=table)

    def scores(
        self, runs: Sequence[Result], bootstrap: Bootstrap
    ) -> tuple[LabelScores, LabelScores]:
        """Return AUC and the decisions at each point."""
        thresholds = [choose_thresholds(run.validation) for run in runs]
        return (
            label_scores([run.validation for run in runs], thresholds, bootstrap),
            label_scores([run.test for run in runs], thresholds, bootstrap),
        )

    def leading(self, scores: LabelScores) -> Interval:
        """Return the AUC."""
        return scores.auc

    def score(self, run: Result) -> float:
        """Return the AUC."""
        return auc(run.test["malignant"].to_numpy(), run.test["probability"].to_numpy())

    def difference(
        self, row: Sequence[Result], other: Sequence[Result], metric: Metric, bootstrap: Bootstrap
    ) -> Interval:
        """Return the difference of AUC, or of accuracy at the study's rule."""
        return paired_difference(row, other, metric, bootstrap)

    def controls(self, study: Study, run: Result, bootstrap: Bootstrap) -> tuple[Control, ...]:
        """Return what calling every test image benign scores."""
        scores = always_benign(run.test, bootstrap)
        printed = study.controls.get("always-benign", {})
        return (Control("always-benign", "Always benign", printed, scores),)

    def exhibits(
        self,
        result: StudyResult,
        runs: Mapping[str, Runs],
        folder: StudyFolder,
        images: pl.DataFrame,
    ) -> Mapping[str, Any]:
        """Return the threshold sweeps and ROC curves."""
        own = [row for row, _ in result.finished if row.row.recipe in runs]
        return {
            "titles": self.titles,
            "studys_rule": STUDYS_RULE,
            "swept": SWEPT,
            "decisions": [decisions(row, runs[row.row.recipe], result.bootstrap) for row in own],
        }

    def line(self, test: LabelScores, reported: Mapping[Figure, float | None]) -> tuple[str, ...]:
        """Return AUC, and the decisions at the study's rule beside what it prints."""
        shown: tuple[tuple[str, Figure], ...] = (
            ("accuracy", "accuracy"),
            ("malignant/recall", "recall"),
        )
        texts = []
        for name, figure in shown:
            ours, _ = interval_texts(test.leading.report[name].as_json())
            printed = reported.get(figure)
            texts.append(ours if printed is None else f"{ours} ({printed})")
        return (*interval_texts(test.auc.as_json()), *texts)
