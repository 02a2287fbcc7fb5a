import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.evaluation.bootstrap import Bootstrap, Interval
from lentigo.evaluation.ratios import weighted_mean


def mean_of(values):
    return lambda weights: {"mean": weighted_mean(np.asarray(values), weights)}


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), st.integers(0, 9))
def test_a_group_is_drawn_whole(groups, seed):
    weights = np.concatenate(list(Bootstrap(draws=20, seed=seed).weights(groups)))
    names = np.array(groups)
    for name in set(groups):
        of_group = weights[:, names == name]
        assert (of_group == of_group[:, :1]).all()


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30))
def test_as_many_groups_are_drawn_as_there_are(groups):
    weights = np.concatenate(list(Bootstrap(draws=20).weights(groups)))
    _, first = np.unique(groups, return_index=True)
    assert (weights[:, first].sum(axis=1) == len(first)).all()


def test_the_mean_s_interval_is_that_of_its_standard_error():
    values = np.random.default_rng(1).normal(size=2000)
    interval = Bootstrap(draws=4000).intervals(mean_of(values), [str(i) for i in range(2000)])
    half_width = 1.96 * values.std() / math.sqrt(len(values))
    assert interval["mean"].value == pytest.approx(values.mean())
    assert interval["mean"].low == pytest.approx(values.mean() - half_width, abs=0.1 * half_width)
    assert interval["mean"].high == pytest.approx(values.mean() + half_width, abs=0.1 * half_width)


def test_copies_of_a_lesion_do_not_narrow_the_interval():
    values = np.random.default_rng(2).normal(size=100)
    lesions = [str(i) for i in range(100)]
    once = Bootstrap().intervals(mean_of(values), lesions)["mean"]
    fivefold = Bootstrap().intervals(mean_of(np.tile(values, 5)), lesions * 5)["mean"]
    assert fivefold.low == pytest.approx(once.low)
    assert fivefold.high == pytest.approx(once.high)


def test_chunks_do_not_change_the_draws(monkeypatch):
    groups = [str(i) for i in range(7)]
    whole = np.concatenate(list(Bootstrap(draws=50).weights(groups)))
    monkeypatch.setattr("lentigo.evaluation.bootstrap._WEIGHTS_PER_CHUNK", 20)
    pieces = list(Bootstrap(draws=50).weights(groups))
    assert len(pieces) > 20
    assert np.array_equal(np.concatenate(pieces), whole)


def test_draws_that_do_not_define_a_statistic_are_left_out():
    def half_defined(weights):
        values = np.arange(len(weights), dtype=float)
        return {"x": np.where(values % 2 == 0, 1.0, np.nan), "never": np.full(len(values), np.nan)}

    intervals = Bootstrap(draws=10).intervals(half_defined, ["a", "b"])
    assert intervals["x"] == Interval(1.0, 1.0, 1.0)
    assert intervals["never"].as_json() == {"value": None, "low": None, "high": None}


@pytest.mark.parametrize("settings", [{"draws": 0}, {"level": 0.0}, {"level": 95}])
def test_settings_that_draw_nothing_are_refused(settings):
    with pytest.raises(ValueError, match="expected"):
        Bootstrap(**settings)


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="at least 1 image"):
        Bootstrap().intervals(mean_of([]), [])


def test_ten_thousand_images_take_seconds():
    values = np.random.default_rng(3).random(10_000)
    groups = [str(i // 2) for i in range(10_000)]
    start = time.process_time()
    Bootstrap().intervals(mean_of(values), groups)
    assert time.process_time() - start < 5
