"""The study's statistics: a row's scores, a row against another, a claim's verdict.

With several seeds a row's images count once for each seed, but are drawn together: an interval
tells what other images of the same kind would have given, not what other seeds would have.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import polars as pl

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.ratios import Floats, weighted_mean
from lentigo.evaluation.segmentation import PixelCounts, SegmentationMetrics, segmentation_metrics
from lentigo.study.schema import Metric

Verdict = Literal["holds", "does not hold", "not shown"]

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


def verdict(difference: Interval) -> Verdict:
    """Return whether a claimed gain is shown: its interval lies above 0, below 0, or holds 0."""
    if difference.low > 0:
        return "holds"
    if difference.high < 0:
        return "does not hold"
    return "not shown"
