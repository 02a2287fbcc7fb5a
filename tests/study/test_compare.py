"""The study's statistics, held against direct computations."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_study import image_table

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.segmentation import PixelCounts, segmentation_metrics
from lentigo.study.compare import verdict
from lentigo.study.masks import paired_difference, scores

GROUPS = ["p", "p", "q", "r", "r", "r", "s"]
ONE = [0.9, 0.8, 0.3, 0.6, 0.7, 0.75, 0.95]
OTHER = [0.85, 0.82, 0.4, 0.5, 0.65, 0.7, 0.9]
FEW = Bootstrap(draws=200, seed=3)


def test_a_paired_difference_equals_a_direct_computation() -> None:
    got = paired_difference(
        [image_table(ONE, GROUPS)], [image_table(OTHER, GROUPS)], "jaccard_per_image", FEW
    )
    differences = np.subtract(ONE, OTHER)
    groups = np.array(GROUPS)
    names, generator = np.unique(groups), np.random.default_rng(FEW.seed)
    means = []
    for picks in generator.integers(len(names), size=(FEW.draws, len(names))):
        drawn = np.concatenate([differences[groups == names[pick]] for pick in picks])
        means.append(drawn.mean())
    low, high = np.quantile(means, (0.025, 0.975))
    assert (got.value, got.low, got.high) == pytest.approx((differences.mean(), low, high))


def test_dice_is_compared_by_its_own_column() -> None:
    tables = [image_table(ONE)], [image_table(OTHER)]
    dice = paired_difference(*tables, "dice_per_image", FEW).value
    expected = (tables[0][0]["dice"] - tables[1][0]["dice"]).mean()
    assert dice == pytest.approx(expected)


def test_images_are_paired_by_name_and_not_by_place() -> None:
    one, other = image_table(ONE), image_table(OTHER)
    turned = other.reverse()
    assert paired_difference([one], [turned], "jaccard_per_image", FEW) == paired_difference(
        [one], [other], "jaccard_per_image", FEW
    )
    without = other.filter(pl.col("image_id") != "i002")
    got = paired_difference([one], [without], "jaccard_per_image", FEW).value
    assert got == pytest.approx(np.delete(np.subtract(ONE, OTHER), 2).mean())


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_how_hard_the_images_are_does_not_widen_a_constant_gain(jaccard: list[float]) -> None:
    worse = [value / 2 for value in jaccard]
    better = [value + 0.1 for value in worse]
    got = paired_difference(
        [image_table(better)], [image_table(worse)], "jaccard_per_image", Bootstrap(draws=50)
    )
    assert (got.low, got.high) == pytest.approx((0.1, 0.1), abs=2e-3)  # whole pixels


def test_seeds_count_as_the_mean_of_each_image() -> None:
    seeds = [image_table(ONE, GROUPS), image_table(OTHER, GROUPS)]
    middle = image_table(list(np.mean([ONE, OTHER], axis=0)), GROUPS)
    flat = [image_table([0.5] * len(ONE), GROUPS)]
    got = paired_difference(seeds, flat, "jaccard_per_image", FEW)
    expected = paired_difference([middle], flat, "jaccard_per_image", FEW)
    assert (got.value, got.low, got.high) == pytest.approx(
        (expected.value, expected.low, expected.high), abs=1e-3
    )
    over_seeds = scores(seeds, FEW)
    assert over_seeds.n == len(ONE)
    assert over_seeds.n_groups == len(set(GROUPS))
    assert over_seeds.jaccard_per_image.value == pytest.approx(np.mean([ONE, OTHER]))
    # Twice the same seed tells nothing new: the interval must not shrink.
    once, twice = scores(seeds[:1], FEW), scores([seeds[0]] * 2, FEW)
    assert twice.jaccard_per_image.low == pytest.approx(once.jaccard_per_image.low)


def test_one_seeds_scores_are_those_of_evaluate() -> None:
    table = image_table(ONE, GROUPS)
    counts = PixelCounts(*(table[name].to_numpy() for name in ("tp", "fp", "fn", "tn")))
    assert scores([table], FEW) == segmentation_metrics(counts, GROUPS, FEW)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.001, 0.02, "holds"),
        (-0.02, -0.001, "does not hold"),
        (-0.01, 0.01, "not shown"),
        (0.0, 0.01, "not shown"),
    ],
)
def test_a_verdict_follows_the_interval(low: float, high: float, said: str) -> None:
    assert verdict(Interval((low + high) / 2, low, high)) == said
