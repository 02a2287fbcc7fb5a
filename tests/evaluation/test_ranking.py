import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

from lentigo.evaluation.ranking import (
    auc,
    average_precision,
    weighted_auc,
    weighted_average_precision,
    weighted_sensitivity,
)


@st.composite
def scored(draw):
    n = draw(st.integers(2, 40))
    malignant = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    malignant[:2] = True, False
    ticks = draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))
    return malignant, np.array(ticks) / 10


@given(scored())
def test_agrees_with_scikit_learn_ties_included(case):
    assert auc(*case) == pytest.approx(roc_auc_score(*case))
    assert average_precision(*case) == pytest.approx(average_precision_score(*case))


@given(scored(), st.integers(0, 99))
def test_a_weight_is_a_repetition(case, seed):
    malignant, probability = case
    repeats = np.random.default_rng(seed).integers(0, 4, len(malignant))
    repeats[:2] += 1
    weights = repeats[None].astype(float)
    repeated = np.repeat(malignant, repeats), np.repeat(probability, repeats)
    assert weighted_auc(*case, weights)[0] == pytest.approx(roc_auc_score(*repeated))
    assert weighted_average_precision(*case, weights)[0] == pytest.approx(
        average_precision_score(*repeated)
    )


@given(scored())
def test_auc_turns_round_with_the_order(case):
    malignant, probability = case
    assert auc(malignant, 1 - probability) == pytest.approx(1 - auc(malignant, probability))
    assert auc(malignant, probability**3) == pytest.approx(auc(malignant, probability))


def test_agrees_with_torchmetrics():
    generator = np.random.default_rng(0)
    malignant = generator.random(500) < 0.2
    probability = np.clip(generator.normal(0.3 + 0.3 * malignant, 0.2), 0, 1)
    tensors = torch.from_numpy(probability), torch.from_numpy(malignant).long()
    assert auc(malignant, probability) == pytest.approx(binary_auroc(*tensors).item(), abs=1e-6)
    assert average_precision(malignant, probability) == pytest.approx(
        binary_average_precision(*tensors).item(), abs=1e-6
    )


def test_one_class_alone_has_no_auc():
    scores = np.array([0.2, 0.7])
    assert math.isnan(auc(np.array([False, False]), scores))
    assert math.isnan(auc(np.array([True, True]), scores))
    assert math.isnan(average_precision(np.array([False, False]), scores))
    assert average_precision(np.array([True, True]), scores) == 1


@given(scored(), st.integers(0, 99))
def test_sensitivity_at_a_false_positive_rate_is_the_roc_curves(case, seed):
    malignant, probability = case
    weights = np.random.default_rng(seed).integers(1, 4, (3, len(malignant))).astype(float)
    asked = np.array([0.0, 0.25, 0.5, 1.0])
    got = weighted_sensitivity(malignant, probability, weights, asked)
    for draw, one in zip(got, weights, strict=True):
        wrong, found, _ = roc_curve(
            malignant, probability, sample_weight=one, drop_intermediate=False
        )
        assert draw == pytest.approx([found[wrong <= rate + 1e-9].max() for rate in asked])


def test_a_draw_of_one_class_has_no_roc_curve():
    malignant, weights = np.array([True, False]), np.array([[1.0, 0], [0, 1], [1, 1]])
    got = weighted_sensitivity(malignant, np.array([0.9, 0.1]), weights, np.array([0.0, 1.0]))
    assert np.isnan(got[:2]).all()
    assert got[2].tolist() == [1, 1]
