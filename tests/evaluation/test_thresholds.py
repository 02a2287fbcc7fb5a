import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.errors import UnknownNameError
from lentigo.evaluation.segmentation import count_pixels_by_threshold, stack_counts
from lentigo.evaluation.thresholds import (
    RULES,
    best_mask_threshold,
    choose_point,
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


def choose(name, malignant, probability):
    """Every image a lesion of its own."""
    groups = [str(i) for i in range(len(malignant))]
    return choose_point(name, malignant, probability, groups)


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
    chosen = score(name, *case, choose(name, *case).threshold)
    assert all(chosen >= score(name, *case, other) - 1e-12 for other in probability)


@given(scored(), st.sampled_from([(0.95, "sensitivity-95"), (0.9, "sensitivity-90")]))
def test_a_wanted_sensitivity_is_reached_at_the_least_cost(case, wanted):
    malignant, probability = case
    least, name = wanted
    point = choose(name, *case)
    # Where lesions are enough, one more than there are is counted, as missed.
    n_malignant = malignant.sum()
    if point.guarantee is not None:
        least = least * (n_malignant + 1) / n_malignant
    assert (point.guarantee is None) == (n_malignant < 1 / (1 - wanted[0]) - 1 - 1e-9)
    sensitivity, specificity = rates(*case, point.threshold)
    assert sensitivity >= least - 1e-9
    for other in probability:
        other_sensitivity, other_specificity = rates(*case, other)
        assert other_sensitivity < least - 1e-9 or other_specificity <= specificity


def test_nineteen_lesions_must_all_be_found_to_promise_95_per_cent():
    probability = np.concatenate([[0.1], np.linspace(0.6, 0.9, 18), np.linspace(0.2, 0.4, 20)])
    malignant = np.arange(39) < 19
    point = choose("sensitivity-95", malignant, probability)
    assert point.threshold == pytest.approx(0.05)
    assert point.guarantee.n_malignant_lesions == 19
    assert point.guarantee.expected_sensitivity == pytest.approx(0.95)
    # (1 − sensitivity) is that of 19 of 19 found: sensitivity^19 = 10 %.
    assert point.guarantee.sensitivity == pytest.approx(0.1 ** (1 / 19))
    assert "39 validation images, 19 of them malignant" in point.rule


def test_too_few_lesions_promise_nothing_and_the_rule_says_so():
    malignant = np.arange(60) < 40
    probability = np.where(malignant, 0.8, 0.2)
    lesions = [f"lesion {i // 5}" for i in range(60)]  # forty images, but eight lesions
    point = choose_point("sensitivity-90", malignant, probability, lesions)
    assert point.guarantee is None
    assert point.threshold == pytest.approx(0.5)
    assert "too few for a guarantee: 8 malignant lesions; it needs 9" in point.rule
    assert choose_point("balanced", malignant, probability, lesions).guarantee is None


def test_a_lesion_of_many_images_weighs_no_more_than_one_of_one():
    """Ten images of one lesion among twenty lesions: all may be missed, as one lesion may."""
    malignant = np.arange(39) < 29
    probability = np.concatenate([np.full(10, 0.1), np.full(19, 0.8), np.full(10, 0.05)])
    apart = [str(i) for i in range(39)]
    together = ["many"] * 10 + apart[10:]
    assert choose_point("sensitivity-90", malignant, probability, apart).threshold < 0.1
    assert choose_point("sensitivity-90", malignant, probability, together).threshold > 0.1


def test_one_group_an_image_is_asked_for():
    with pytest.raises(ValueError, match="expected one group an image, got 1 for 2"):
        choose_point("balanced", np.array([True, False]), np.array([0.2, 0.1]), ["a"])


def test_the_threshold_lies_halfway_between_the_classes_it_parts():
    malignant = np.array([False, False, True, True])
    for name in NAMES:
        chosen = choose(name, malignant, np.array([0.1, 0.2, 0.8, 0.9]))
        assert chosen.threshold == pytest.approx(0.5)


def test_an_unknown_rule_is_answered_with_those_there_are():
    with pytest.raises(UnknownNameError, match="balanced, max-accuracy"):
        choose("best", np.array([True, False]), np.array([0.1, 0.2]))


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="0 malignant and 2 benign"):
        choose("balanced", np.array([False, False]), np.array([0.1, 0.2]))


def test_the_best_mask_threshold_has_the_greatest_dice():
    truth = np.zeros((8, 8), bool)
    truth[2:6, 2:6] = True
    probability = np.where(truth, np.float32(0.62), np.float32(0.35))
    thresholds = np.arange(1, 20) / 20
    counts = stack_counts([count_pixels_by_threshold(probability, truth, thresholds)] * 3)
    # 0.40 to 0.60 are equally good; the middle one is the safest.
    assert best_mask_threshold(thresholds, counts) == pytest.approx(0.5)
