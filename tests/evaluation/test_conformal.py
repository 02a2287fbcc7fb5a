"""What a guaranteed operating point promises is kept on lesions that it was not chosen on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from lentigo.evaluation.conformal import (
    MalignantLesions,
    allowed_misses,
    keeps,
    least_sensitivity,
)
from lentigo.evaluation.thresholds import CONFIDENCE, RULES, choose_point, threshold_candidates

SPLITS = 500
RATES = {"sensitivity-95": 0.05, "sensitivity-90": 0.10}


def predictions(images_per_lesion, lesions=4000, seed=0):
    """Fixed predictions of lesions of which 30 % are malignant; those of one lesion are alike."""
    chance = np.random.default_rng(seed)
    count = chance.choice(images_per_lesion, lesions)
    lesion = np.repeat(np.arange(lesions), count)
    bad = np.repeat(chance.random(lesions) < 0.3, count)
    logit = 1.5 * np.where(bad, 1, -1) + chance.normal(0, 1.2, lesions)[lesion]
    logit += chance.normal(0, 0.8, lesion.size)
    # Coarse scores, so that there are ties.
    return bad, np.round(1 / (1 + np.exp(-logit)), 3), lesion


def over_splits(case, rule, calibration_lesions, choose=choose_point):
    """Return, for each random split of the lesions, the test part's sensitivity and the point."""
    malignant, probability, lesion = case
    groups = np.char.add("lesion ", lesion.astype(str))
    images = np.bincount(lesion)
    bad = np.bincount(lesion, malignant) > 0
    chance = np.random.default_rng(1)
    for _ in range(SPLITS):
        drawn = chance.permutation(len(images)) < calibration_lesions
        on = drawn[lesion]
        point = choose(rule, malignant[on], probability[on], groups[on])
        found = np.bincount(lesion, probability >= point.threshold) / images
        yield found[bad & ~drawn].mean(), point


@pytest.mark.parametrize("images_per_lesion", [(1,), (1, 1, 2, 5)], ids=["single", "grouped"])
@pytest.mark.parametrize(
    ("rule", "calibration_lesions"), [("sensitivity-90", 150), ("sensitivity-95", 500)]
)
def test_both_promises_hold_over_500_random_splits(images_per_lesion, rule, calibration_lesions):
    results = list(over_splits(predictions(images_per_lesion), rule, calibration_lesions))
    reached = np.array([sensitivity for sensitivity, _ in results])
    promised = np.array([point.guarantee.sensitivity for _, point in results])
    assert all(point.guarantee.confidence == CONFIDENCE for _, point in results)
    assert all(
        0 < point.guarantee.n_malignant_lesions < calibration_lesions for _, point in results
    )
    error = reached.std() / np.sqrt(SPLITS)
    assert reached.mean() >= 1 - RATES[rule] - 3 * error
    assert reached.mean() <= 1 - RATES[rule] + 0.03  # nor is it bought by calling all malignant
    held = np.mean(reached >= promised)
    assert held >= CONFIDENCE - 3 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / SPLITS)


def test_the_sensitivity_seen_on_validation_alone_is_not_kept():
    def as_seen(rule, malignant, probability, groups):
        candidates = threshold_candidates(malignant, probability)
        chosen = candidates.threshold[RULES[rule].choose(candidates)]
        point = choose_point(rule, malignant, probability, groups)
        return point.model_copy(update={"threshold": float(chosen)})

    case = predictions((1,))
    uncorrected = [reached for reached, _ in over_splits(case, "sensitivity-90", 90, as_seen)]
    corrected = [reached for reached, _ in over_splits(case, "sensitivity-90", 90)]
    error = np.std(uncorrected) / np.sqrt(SPLITS)
    assert np.mean(uncorrected) < 0.90 - 3 * error
    assert np.mean(corrected) >= 0.90 - 3 * error


@given(st.data())
def test_losses_are_shares_of_a_lesion_s_malignant_images(data):
    n = data.draw(st.integers(1, 30))
    malignant = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    tenths = data.draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))
    probability = np.array(tenths) / 10
    groups = data.draw(st.lists(st.sampled_from("abcd"), min_size=n, max_size=n))
    lesions = MalignantLesions.of(malignant, probability, groups)
    thresholds = np.linspace(0, 1, 21)
    names = {group for group, bad in zip(groups, malignant, strict=True) if bad}
    expected = [
        sum(np.mean((probability < t)[malignant & (np.array(groups) == name)]) for name in names)
        for t in thresholds
    ]
    assert lesions.n == len(names)
    assert lesions.missed(thresholds) == pytest.approx(np.array(expected))


def test_the_next_lesion_is_counted_as_missed():
    assert allowed_misses(19, 0.05) == 0
    assert allowed_misses(39, 0.05) == pytest.approx(1)
    assert allowed_misses(18, 0.05) is None
    assert allowed_misses(0, 0.1) is None
    assert keeps(np.array([0.1 + 0.2, 0.31]), 0.3).tolist() == [True, False]


@given(st.integers(19, 400), st.sampled_from([0.05, 0.1]), st.floats(0.5, 0.99))
def test_with_one_image_a_lesion_the_bound_is_clopper_and_pearson_s(n, rate, confidence):
    allowed = allowed_misses(n, rate)
    found = n - int(allowed + 1e-9)
    exact = binomtest(found, n, alternative="greater").proportion_ci(confidence, "exact").low
    bound = least_sensitivity(n, allowed, confidence, one_image_each=True)
    assert bound == pytest.approx(exact)
    # Lesions found in part are bounded for every distribution, at some cost.
    shared = least_sensitivity(n, allowed, confidence, one_image_each=False)
    assert 0 < shared <= bound + 1e-9


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_the_bound_holds_for_losses_in_parts(parts):
    """Losses of k/parts, at exactly the rate that is bounded, seldom sum to what is allowed."""
    n, allowed = 60, allowed_misses(60, 0.1)
    rate = 1 - least_sensitivity(n, allowed, 0.9, one_image_each=False)
    chance_of_few = binom.cdf(np.floor(allowed * parts + 1e-9), n * parts, rate)
    assert chance_of_few <= 0.1
