"""The statistics of a study of classification.

Every probability here is the net's own, before calibration, since a study chooses its thresholds on
that. Thresholds are chosen on a run's validation part. With several seeds a score is the mean of
the seeds' scores, each at its own threshold, over the same draws of lesions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.class_report import PER_CLASS, REPORTED, weighted_class_report
from lentigo.evaluation.ranking import weighted_auc
from lentigo.evaluation.ratios import Floats, weighted_mean
from lentigo.evaluation.thresholds import choose_point
from lentigo.study.results import Result
from lentigo.study.schema import Metric

STUDYS_RULE = "max-accuracy"
"""The rule of the study's own threshold, at which rows are compared by accuracy."""

HALF = "0.5"
POINTS = (STUDYS_RULE, HALF, "max-f1", "sensitivity-90", "sensitivity-95")
"""The thresholds that are reported: those of rules, and one half."""


class Confusion(NamedTuple):
    """Images by truth and decision, those of all seeds together."""

    tn: int
    fp: int
    fn: int
    tp: int

    @classmethod
    def of(cls, malignant: NDArray[np.bool_], called: NDArray[np.bool_]) -> "Confusion":
        """Count; both arrays are of one shape."""
        cells = np.bincount((2 * malignant + called).ravel(), minlength=4)
        return cls(*cells.tolist())


@dataclass(frozen=True)
class PointScores:
    """The decisions at one operating point.

    Attributes:
        thresholds: That of each seed; none where nothing is decided by a threshold.
        report: The names of ``weighted_class_report``.
        confusion: The counts.
    """

    thresholds: tuple[float, ...]
    report: Mapping[str, Interval]
    confusion: Confusion

    def as_json(self) -> dict[str, Any]:
        """Return the scores by the names that ``study.json`` uses."""
        return {
            "thresholds": list(self.thresholds),
            **{name: self.report[name].as_json() for name in ("accuracy", "gain")},
            **{
                one: {name: self.report[f"{one}/{name}"].as_json() for name in PER_CLASS}
                for one in REPORTED
            },
            "confusion": self.confusion._asdict(),
        }


@dataclass(frozen=True)
class LabelScores:
    """How well a row tells malignant from benign lesions on one part.

    Attributes:
        n: Images.
        n_malignant: Malignant images among them.
        n_groups: Lesions that the intervals are drawn over.
        auc: Area under the ROC curve.
        points: The decisions at each of ``POINTS``, the study's rule first, or of a control at its
            own.
    """

    n: int
    n_malignant: int
    n_groups: int
    auc: Interval
    points: Mapping[str, PointScores]

    @property
    def leading(self) -> PointScores:
        """The decisions that are held against the study's figures."""
        return next(iter(self.points.values()))

    def as_json(self) -> dict[str, Any]:
        """Return the scores by the names that ``study.json`` uses."""
        return {
            "n": self.n,
            "n_malignant": self.n_malignant,
            "n_groups": self.n_groups,
            "auc": self.auc.as_json(),
            "points": {name: point.as_json() for name, point in self.points.items()},
        }


class Answers(NamedTuple):
    """What a row's runs say of the same images.

    Attributes:
        ids: The images.
        groups: Each image's lesion.
        malignant: True labels, of length n.
        probability: Seeds × images.
    """

    ids: pl.Series
    groups: list[str]
    malignant: NDArray[np.bool_]
    probability: Floats


def answers(tables: Sequence[pl.DataFrame]) -> Answers:
    """Return what one row's tables, one a seed, say of the images that stand in all of them."""
    first = tables[0].select("image_id", "group", "malignant")
    for i, table in enumerate(tables):
        one = table.select("image_id", pl.col("probability").alias(f"probability_{i}"))
        first = first.join(one, on="image_id", how="inner")
    first = first.sort("image_id")
    probability = [first[f"probability_{i}"].to_numpy() for i in range(len(tables))]
    return Answers(
        first["image_id"],
        first["group"].to_list(),
        first["malignant"].to_numpy(),
        np.stack(probability),
    )


def choose_thresholds(validation: pl.DataFrame) -> dict[str, float]:
    """Return the threshold of each of ``POINTS``, chosen on a run's validation table."""
    one = answers([validation])
    chosen = {
        rule: choose_point(rule, one.malignant, one.probability[0], one.groups).threshold
        for rule in POINTS
        if rule != HALF
    }
    return {name: chosen.get(name, 0.5) for name in POINTS}


def label_scores(
    tables: Sequence[pl.DataFrame], thresholds: Sequence[Mapping[str, float]], bootstrap: Bootstrap
) -> LabelScores:
    """Return a row's scores on one part.

    Args:
        tables: One a seed, one line an image, as ``Result`` has them.
        thresholds: Each seed's, by the name of the point.
        bootstrap: How the intervals are drawn.
    """
    got = answers(tables)
    called = {
        name: np.stack([p >= one[name] for p, one in zip(got.probability, thresholds, strict=True)])
        for name in thresholds[0]
    }

    def statistics(weights: Floats) -> dict[str, Floats]:
        values = {"auc": _mean_auc(got, weights)}
        for point, decisions in called.items():
            reports = [weighted_class_report(got.malignant, one, weights) for one in decisions]
            values |= {
                f"{point}/{name}": np.mean([report[name] for report in reports], axis=0)
                for name in reports[0]
            }
        return values

    intervals = bootstrap.intervals(statistics, got.groups)
    return LabelScores(
        n=len(got.ids),
        n_malignant=int(np.count_nonzero(got.malignant)),
        n_groups=len(set(got.groups)),
        auc=intervals["auc"],
        points={
            name: PointScores(
                thresholds=tuple(one[name] for one in thresholds),
                report={
                    key.removeprefix(f"{name}/"): interval
                    for key, interval in intervals.items()
                    if key.startswith(f"{name}/")
                },
                confusion=Confusion.of(np.broadcast_to(got.malignant, one.shape), one),
            )
            for name, one in called.items()
        },
    )


def always_benign(table: pl.DataFrame, bootstrap: Bootstrap) -> LabelScores:
    """Return what calling every image of a table benign scores: its labels say all."""
    unmoved = table.with_columns(probability=pl.lit(0.0))
    scores = label_scores([unmoved], [{"always-benign": 0.5}], bootstrap)
    (point,) = scores.points.values()
    decided = PointScores((), point.report, point.confusion)
    return LabelScores(
        scores.n, scores.n_malignant, scores.n_groups, scores.auc, {"always-benign": decided}
    )


def paired_difference(
    row: Sequence[Result], other: Sequence[Result], metric: Metric, bootstrap: Bootstrap
) -> Interval:
    """Return by how much a row's AUC or accuracy is above another's, on the same images.

    Args:
        row: The runs of one row, one a seed.
        other: Those of the other; its seeds may differ in number.
        metric: ``auc``, or ``accuracy`` at the threshold of the study's rule.
        bootstrap: How the interval is drawn.
    """
    both = [answers([run.test for run in runs]) for runs in (row, other)]
    shared = both[0].ids.filter(both[0].ids.is_in(both[1].ids.implode()))
    ours, others = (_only(one, shared) for one in both)
    if metric == "auc":

        def statistics(weights: Floats) -> dict[str, Floats]:
            return {"difference": _mean_auc(ours, weights) - _mean_auc(others, weights)}
    else:
        gain = _right(ours, row) - _right(others, other)

        def statistics(weights: Floats) -> dict[str, Floats]:
            return {"difference": weighted_mean(gain, weights)}

    return bootstrap.intervals(statistics, ours.groups)["difference"]


def _only(answered: Answers, ids: pl.Series) -> Answers:
    """Return the answers of these images alone; both are sorted."""
    kept = answered.ids.is_in(ids.implode()).to_numpy()
    return Answers(
        ids,
        [group for group, keep in zip(answered.groups, kept, strict=True) if keep],
        answered.malignant[kept],
        answered.probability[:, kept],
    )


def _mean_auc(answered: Answers, weights: Floats) -> Floats:
    aucs = [weighted_auc(answered.malignant, one, weights) for one in answered.probability]
    return np.asarray(np.mean(aucs, axis=0))


def _right(answered: Answers, runs: Sequence[Result]) -> Floats:
    """Return for each image the share of the seeds that are right at the study's rule."""
    thresholds = np.array([choose_thresholds(run.validation)[STUDYS_RULE] for run in runs])
    right = (answered.probability >= thresholds[:, None]) == answered.malignant
    return np.asarray(right.mean(axis=0))
