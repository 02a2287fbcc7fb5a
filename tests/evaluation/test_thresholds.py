import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.errors import UnknownNameError
from lentigo.evaluation.segmentation import count_pixels_by_threshold, stack_counts
from lentigo.evaluation.thresholds import (
    RULES,
    best_mask_threshold,
    choose_threshold,
    threshold_candidates,
)

NAMES = ["balanced", "max-accuracy", "max-f1", "sensitivity-90", "sensitivity-95"]


@st.composite
def scored(draw):
    n = draw(st.integers(2, 40))
    malignant = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    malignant[:2] = True, False
    scores = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 5e-324, 0.5, 1.0]))
    return malignant, np.array(draw(st.lists(scores, min_size=n, max_size=n)))


def rates(malignant, probability, threshold):
    called = probability >= threshold
    sensitivity = (called & malignant).sum() / malignant.sum()
    specificity = (~called & ~malignant).sum() / (~malignant).sum()
    return sensitivity, specificity


def score(name, malignant, probability, threshold):
    called = probability >= threshold
    tp, fp = (called & malignant).sum(), (called & ~malignant).sum()
    sensitivity, specificity = rates(malignant, probability, threshold)
    return {
        "balanced": sensitivity + specificity,
        "max-accuracy": (called == malignant).mean(),
        "max-f1": 2 * tp / (tp + fp + malignant.sum()),
    }[name]


def test_the_rules_are_those_promised():
    assert list(RULES) == NAMES


@given(scored())
def test_candidates_decide_as_they_say(case):
    malignant, probability = case
    candidates = threshold_candidates(*case)
    for threshold, tp, fp in zip(candidates.threshold, candidates.tp, candidates.fp, strict=True):
        called = probability >= threshold
        assert (called & malignant).sum() == tp
        assert (called & ~malignant).sum() == fp
    assert ((candidates.threshold >= 0) & (candidates.threshold <= 1)).all()


@given(scored(), st.sampled_from(["balanced", "max-accuracy", "max-f1"]))
def test_no_other_threshold_is_better(case, name):
    _, probability = case
    chosen = score(name, *case, choose_threshold(name, *case))
    assert all(chosen >= score(name, *case, other) - 1e-12 for other in probability)


@given(scored(), st.sampled_from([(0.95, "sensitivity-95"), (0.9, "sensitivity-90")]))
def test_a_wanted_sensitivity_is_reached_at_the_least_cost(case, wanted):
    _, probability = case
    least, name = wanted
    threshold = choose_threshold(name, *case)
    sensitivity, specificity = rates(*case, threshold)
    assert sensitivity >= least - 1e-12
    for other in probability:
        other_sensitivity, other_specificity = rates(*case, other)
        assert other_sensitivity < least - 1e-12 or other_specificity <= specificity


def test_nineteen_of_twenty_are_95_per_cent():
    malignant = np.array([True] * 20 + [False] * 20)
    probability = np.concatenate([[0.1], np.linspace(0.6, 0.9, 19), np.linspace(0.2, 0.4, 20)])
    assert choose_threshold("sensitivity-95", malignant, probability) == pytest.approx(0.5)


def test_the_threshold_lies_halfway_between_the_classes_it_parts():
    malignant = np.array([False, False, True, True])
    for name in NAMES:
        chosen = choose_threshold(name, malignant, np.array([0.1, 0.2, 0.8, 0.9]))
        assert chosen == pytest.approx(0.5)


def test_an_unknown_rule_is_answered_with_those_there_are():
    with pytest.raises(UnknownNameError, match="balanced, max-accuracy"):
        choose_threshold("best", np.array([True, False]), np.array([0.1, 0.2]))


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="0 malignant and 2 benign"):
        choose_threshold("balanced", np.array([False, False]), np.array([0.1, 0.2]))


def test_the_best_mask_threshold_has_the_greatest_dice():
    truth = np.zeros((8, 8), bool)
    truth[2:6, 2:6] = True
    probability = np.where(truth, np.float32(0.62), np.float32(0.35))
    thresholds = np.arange(1, 20) / 20
    counts = stack_counts([count_pixels_by_threshold(probability, truth, thresholds)] * 3)
    # 0.40 to 0.60 are equally good; the middle one is the safest.
    assert best_mask_threshold(thresholds, counts) == pytest.approx(0.5)
