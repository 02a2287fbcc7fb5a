import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from torchmetrics.functional.classification import binary_calibration_error

from lentigo.evaluation.calibration import brier_score, calibration_error, fit_platt
from lentigo.evaluation.ranking import auc


def overconfident(n=4000, seed=0):
    generator = np.random.default_rng(seed)
    true_logit = generator.normal(-1, 1.5, n)
    return generator.random(n) < expit(true_logit), 3 * true_logit + 2


@pytest.mark.parametrize("bins", [10, 15])
def test_calibration_error_agrees_with_torchmetrics(bins):
    malignant, logits = overconfident()
    tensors = torch.from_numpy(expit(logits)), torch.from_numpy(malignant).long()
    expected = binary_calibration_error(*tensors, n_bins=bins).item()
    assert calibration_error(malignant, expit(logits), bins) == pytest.approx(expected, abs=1e-6)


def test_a_probability_of_one_falls_into_the_last_bin():
    assert calibration_error(np.array([True, False]), np.array([1.0, 0.0])) == 0
    assert calibration_error(np.array([False, True]), np.array([1.0, 0.0])) == 1


def test_platt_s_scaling_finds_what_made_the_logits_wrong():
    malignant, logits = overconfident(50_000)
    fit = fit_platt(malignant, logits)
    assert fit.scale == pytest.approx(1 / 3, abs=0.02)
    assert fit.bias == pytest.approx(-2 / 3, abs=0.05)


def test_platt_s_scaling_mends_probabilities_and_keeps_the_order():
    malignant, logits = overconfident()
    fresh_malignant, fresh_logits = overconfident(seed=1)
    before = expit(fresh_logits)
    after = fit_platt(malignant, logits).apply(before)
    assert (
        calibration_error(fresh_malignant, after) < calibration_error(fresh_malignant, before) / 3
    )
    assert brier_score(fresh_malignant, after) < brier_score(fresh_malignant, before)
    assert auc(fresh_malignant, after) == pytest.approx(auc(fresh_malignant, before), abs=1e-4)


def test_platt_s_scaling_is_a_logistic_regression_on_the_smoothed_targets():
    malignant, logits = overconfident(200)
    n_malignant, n_benign = malignant.sum(), (~malignant).sum()
    target = np.where(malignant, (n_malignant + 1) / (n_malignant + 2), 1 / (n_benign + 2))
    doubled = np.concatenate([logits, logits])[:, None]
    labels = np.repeat([1, 0], len(logits))
    weights = np.concatenate([target, 1 - target])
    theirs = LogisticRegression(C=1e9, tol=1e-10).fit(doubled, labels, sample_weight=weights)
    mine = fit_platt(malignant, logits)
    assert mine.scale == pytest.approx(theirs.coef_[0, 0], rel=1e-3)
    assert mine.bias == pytest.approx(theirs.intercept_[0], abs=1e-3)


def test_classes_that_separate_still_give_a_finite_fit():
    logits = np.array([-5.0, -4.0, 4.0, 5.0])
    fit = fit_platt(logits > 0, logits)
    assert 0 < fit.scale < 10
    assert abs(fit.bias) < 10


@given(st.integers(0, 999))
def test_the_scale_stays_above_zero_even_where_the_model_is_wrong(seed):
    malignant, logits = overconfident(60, seed)
    assert fit_platt(malignant, -logits).scale > 0


@pytest.mark.parametrize("logits", [[0.0, np.nan], [0.0, np.inf]])
def test_what_has_no_fit_is_refused(logits):
    with pytest.raises(ValueError, match="finite"):
        fit_platt(np.array([True, False]), np.array(logits))
    with pytest.raises(ValueError, match="2 malignant and 0 benign"):
        fit_platt(np.array([True, True]), np.zeros(2))
