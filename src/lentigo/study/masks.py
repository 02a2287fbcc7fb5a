"""Studies of segmentation: outlines measured by Dice and Jaccard, and shown on the same images.

With several seeds a row's images count once for each seed, but are drawn together: an interval
tells what other images of the same kind would have given, not what other seeds would have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import polars as pl

from lentigo.bundle import Bundle
from lentigo.data.splits import rows_of_ids
from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.evaluate import Evaluation, evaluate_bundle
from lentigo.evaluation.model_card import interval_texts
from lentigo.evaluation.ratios import Floats, weighted_mean
from lentigo.evaluation.segmentation import (
    FAILED_BELOW_JACCARD,
    PixelCounts,
    SegmentationMetrics,
    segmentation_metrics,
)
from lentigo.study.document import StudyResult
from lentigo.study.folder import StudyFolder
from lentigo.study.outlines import Gallery, GalleryRow, choose_images, outlines_of, picture
from lentigo.study.results import Result, Runs
from lentigo.study.schema import Figure, Metric
from lentigo.study.task import NO_INTERVALS, StudyTask

COLUMNS: dict[Metric, str] = {"jaccard_per_image": "jaccard", "dice_per_image": "dice"}
"""The column of a result's table that a metric is the mean of."""


def scores(tables: Sequence[pl.DataFrame], bootstrap: Bootstrap) -> SegmentationMetrics:
    """Return a row's metrics over all its seeds.

    Per-image scores and the failure rate are the means over the seeds; pooled scores pool the
    pixels of all seeds.

    Args:
        tables: One a seed, one line an image, as ``Result`` has them.
        bootstrap: How the intervals are drawn.
    """
    stacked = pl.concat(table.select("group", "tp", "fp", "fn", "tn") for table in tables)
    counts = PixelCounts(*(stacked[name].to_numpy() for name in ("tp", "fp", "fn", "tn")))
    metrics = segmentation_metrics(counts, stacked["group"].to_list(), bootstrap)
    return replace(metrics, n=metrics.n // len(tables))


def paired_difference(
    row: Sequence[pl.DataFrame],
    other: Sequence[pl.DataFrame],
    metric: Metric,
    bootstrap: Bootstrap,
) -> Interval:
    """Return by how much a row's mean over images is above another's, on the same images.

    Each image's score is its mean over the seeds; the bootstrap draws groups of images with both
    rows' scores together, so that what makes an image hard for both cancels.

    Args:
        row: Tables of one row, one a seed.
        other: Tables of the other; its seeds may differ in number.
        metric: What is compared.
        bootstrap: How the interval is drawn.
    """
    column = COLUMNS[metric]
    pairs = _over_seeds(row, column).join(
        _over_seeds(other, column), on="image_id", how="inner", suffix="_other"
    )
    pairs = pairs.sort("image_id")
    differences = (pairs["score"] - pairs["score_other"]).to_numpy()

    def statistics(weights: Floats) -> dict[str, Floats]:
        return {"difference": weighted_mean(differences, weights)}

    return bootstrap.intervals(statistics, pairs["group"].to_list())["difference"]


def _over_seeds(tables: Sequence[pl.DataFrame], column: str) -> pl.DataFrame:
    together = pl.concat(table.select("image_id", "group", score=column) for table in tables)
    return together.group_by("image_id").agg(pl.col("group").first(), pl.col("score").mean())


class SegmentationStudy(StudyTask[SegmentationMetrics]):
    """Rows that outline the lesion."""

    template: ClassVar[str] = "masks.html"
    score_name: ClassVar[str] = "Dice"
    titles: ClassVar[Mapping[Metric, str]] = {
        "jaccard_per_image": "Jaccard per image",
        "dice_per_image": "Dice per image",
    }
    columns: ClassVar[tuple[str, ...]] = (
        "Jaccard per image",
        "95 % interval",
        "Reported, validation",
    )

    def measure(self, bundle: Bundle, rows: pl.DataFrame, part: str) -> Evaluation:
        """Compare outlines at the ground truth's own size."""
        return evaluate_bundle(bundle, rows, split=part, bootstrap=NO_INTERVALS)

    def scores(
        self, runs: Sequence[Result], bootstrap: Bootstrap
    ) -> tuple[SegmentationMetrics, SegmentationMetrics]:
        """Return Dice, Jaccard and failures."""
        return (
            scores([run.validation for run in runs], bootstrap),
            scores([run.test for run in runs], bootstrap),
        )

    def leading(self, scores: SegmentationMetrics) -> Interval:
        """Return the mean Jaccard over images."""
        return scores.jaccard_per_image

    def score(self, run: Result) -> float:
        """Return the mean Jaccard over images."""
        return float(run.test["jaccard"].to_numpy().mean())

    def difference(
        self, row: Sequence[Result], other: Sequence[Result], metric: Metric, bootstrap: Bootstrap
    ) -> Interval:
        """Return the difference of the means over images."""
        ours, others = ([run.test for run in runs] for runs in (row, other))
        return paired_difference(ours, others, metric, bootstrap)

    def exhibits(
        self,
        result: StudyResult,
        runs: Mapping[str, Runs],
        folder: StudyFolder,
        images: pl.DataFrame,
    ) -> Mapping[str, Any]:
        """Return the gallery of outlines."""
        return {
            "gallery": _gallery(result, runs, folder, images),
            "failed_below": FAILED_BELOW_JACCARD,
        }

    def line(
        self, test: SegmentationMetrics, reported: Mapping[Figure, float | None]
    ) -> tuple[str, ...]:
        """Return Jaccard beside what the study prints."""
        printed = reported.get("jaccard")
        texts = interval_texts(test.jaccard_per_image.as_json())
        return (*texts, "" if printed is None else f"{printed}")


def _gallery(
    result: StudyResult, runs: Mapping[str, Runs], folder: StudyFolder, images: pl.DataFrame
) -> Gallery | None:
    """Return the chosen images with the outlines of each row's first seed."""
    own = [row for row, _ in result.finished if row.row.recipe in runs]
    if not own:
        return None
    ranked = next((row for row in own if row is result.reference), own[0])
    first = {row.row.recipe: min(runs[row.row.recipe]) for row in own}
    name = ranked.row.recipe
    ids = choose_images(runs[name][first[name]].test)
    found = rows_of_ids(images, ids).iter_rows(named=True)
    rows = {row["image_id"]: row for row in found}
    chosen = [rows[image_id] for image_id in ids]
    pictures = [picture(row) for row in chosen]
    lines = []
    for row in own:
        key = (row.row.recipe, first[row.row.recipe])
        paths = outlines_of(
            folder.bundle(*key), chosen, pictures, folder.result(*key) / "outlines.json"
        )
        test = runs[key[0]][key[1]].test
        jaccard = dict(zip(test["image_id"], test["jaccard"], strict=True))
        lines.append(GalleryRow(row, paths, jaccard))
    return Gallery(ranked, tuple(pictures), tuple(lines))
