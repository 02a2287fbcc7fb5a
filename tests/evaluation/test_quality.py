import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from scipy.stats import spearmanr

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.quality import (
    FEWEST_OUTLINES,
    fit_quality_model,
    outline_quality_metrics,
    weighted_rate_of_rest,
    weighted_spearman,
)
from lentigo.imaging.outline_quality import OutlineFeatures

ONCE = Bootstrap(draws=1)
few_values = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.64, 0.65, 0.8, 0.95])


def images(*columns, min_size=2, max_size=40):
    """As many columns of one random length."""
    return st.integers(min_size, max_size).flatmap(
        lambda n: st.tuples(*(arrays(kind, n, elements=values) for kind, values in columns))
    )


@given(images((float, few_values), (float, few_values), (int, st.integers(0, 3))))
def test_rank_correlation_is_that_of_scipy_on_copies(case):
    one, other, copies = case
    first, second = one.repeat(copies), other.repeat(copies)
    assume(np.unique(first).size > 1 and np.unique(second).size > 1)
    weights = np.stack([copies, np.ones_like(copies)]).astype(float)
    found = weighted_spearman(one, other, weights)
    assert found == pytest.approx([spearmanr(first, second)[0], spearmanr(one, other)[0]])


def test_rank_correlation_with_a_constant_is_not_defined():
    assert np.isnan(weighted_spearman(np.ones(3), np.arange(3.0), np.ones((1, 3)))).all()


@given(images((float, st.floats(0, 1)), (bool, st.booleans()), (int, st.integers(0, 3))))
def test_the_rate_of_the_rest_is_that_of_the_images_left_over(case):
    expected, failed, copies = case
    assume(copies.any())
    order = np.argsort(expected, kind="stable").repeat(copies[np.argsort(expected, kind="stable")])
    rest = failed[order[round(0.1 * len(order)) :]]
    (found,) = weighted_rate_of_rest(expected, failed, copies[None].astype(float))
    assert found == pytest.approx(rest.mean())


def outlines(n, seed=0, noise=0.0):
    """Outlines whose Jaccard follows their doubts."""
    chance = np.random.default_rng(seed)
    inside, outside = chance.normal(-3, 0.5, (2, n))
    jaccard = expit(-1.5 - 0.8 * inside - 0.4 * outside + noise * chance.normal(size=n))
    solidity = chance.uniform(0.8, 1, n)
    features = map(OutlineFeatures, inside, outside, solidity)
    return list(zip(features, jaccard, strict=True))


def expected_of(model, cases):
    return np.array([model.expected_jaccard(features) for features, _ in cases])


def test_what_was_fitted_holds_on_other_images():
    model = fit_quality_model(outlines(300, seed=1, noise=0.5))
    others = outlines(300, seed=2, noise=0.5)
    expected, jaccard = expected_of(model, others), np.array([value for _, value in others])
    metrics = outline_quality_metrics(
        expected, jaccard, model.review_below, list(map(str, range(300))), ONCE
    )
    assert metrics.spearman.value > 0.6
    assert abs(metrics.bias.value) < 0.02
    assert metrics.flagged.value == pytest.approx(0.1, abs=0.05)
    assert metrics.failure_rate_of_rest.value < (jaccard < 0.65).mean()


def test_the_mean_expected_is_the_mean_found_and_a_tenth_stays_below():
    cases = outlines(200, noise=0.5)
    model = fit_quality_model(cases)
    expected = expected_of(model, cases)
    assert expected.mean() == pytest.approx(np.mean([value for _, value in cases]), abs=1e-4)
    assert np.count_nonzero(expected < model.review_below) == 20
    assert model.n == 200


def test_more_doubt_never_raises_what_is_expected():
    """Even where the part at hand, by chance or by a fault, says the contrary."""
    upside_down = [(features, 1 - jaccard) for features, jaccard in outlines(200)]
    model = fit_quality_model(upside_down)
    assert model.weights["log_doubt_inside"] <= 0
    assert model.weights["log_doubt_outside"] <= 0
    assert model.weights["solidity"] >= 0


def test_an_image_without_a_lesion_found_is_expected_to_be_the_worst():
    cases = outlines(90) + [(None, 0.0)] * 10
    model = fit_quality_model(cases)
    assert model.expected_jaccard(None) == 0
    assert model.n == 90
    assert np.count_nonzero(expected_of(model, cases) < model.review_below) == 10


def test_too_few_outlines_give_no_model():
    assert fit_quality_model(outlines(FEWEST_OUTLINES - 1)) is None
    assert fit_quality_model([*outlines(FEWEST_OUTLINES - 1), (None, 0.0)]) is None
    assert fit_quality_model(outlines(FEWEST_OUTLINES)) is not None


def test_a_feature_that_is_the_same_for_all_does_no_harm():
    cases = [(one._replace(solidity=0.9), jaccard) for one, jaccard in outlines(100)]
    expected = expected_of(fit_quality_model(cases), cases)
    assert spearmanr(expected, [jaccard for _, jaccard in cases])[0] > 0.95


def test_a_perfect_forecast_scores_perfectly():
    jaccard = np.linspace(0.5, 1, 20)
    metrics = outline_quality_metrics(jaccard, jaccard, 0.56, [str(i) for i in range(20)], ONCE)
    assert metrics.spearman.value == pytest.approx(1)
    assert metrics.absolute_error.value == metrics.bias.value == 0
    assert metrics.flagged.value == 3 / 20
    assert metrics.failure_rate_of_rest.value == pytest.approx(4 / 18)  # 2 of 6 were taken out


def test_json_has_the_names_of_result_files():
    result = outline_quality_metrics(np.ones(4), np.full(4, 0.5), 0.7, list("aabb")).as_json()
    assert result["review_below"] == 0.7
    assert result["spearman"] == {"value": None, "low": None, "high": None}
    for name in ("failure_rate_of_rest", "flagged", "bias", "absolute_error"):
        assert result[name]["low"] <= result[name]["value"] <= result[name]["high"]
    json.dumps(result, allow_nan=False)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\) and 3 groups"):
        outline_quality_metrics(np.ones(3), np.ones(2), 0.5, list("abc"))
