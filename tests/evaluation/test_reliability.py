from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.calibration import ECE_BINS, calibration_error
from lentigo.evaluation.reliability import reliability
from lentigo.evaluation.reliability_diagram import reliability_svg

FEW = Bootstrap(draws=50)


def drawn(n=400, seed=0):
    generator = np.random.default_rng(seed)
    probability = generator.random(n)
    return generator.random(n) < probability, probability, [str(i) for i in range(n)]


def test_bins_agree_with_scikit_learn():
    malignant, probability, groups = drawn()
    bins = reliability(malignant, probability, groups, FEW)
    shares, means = calibration_curve(malignant, probability, n_bins=ECE_BINS)
    assert [one.share_malignant.value for one in bins] == pytest.approx(shares)
    assert [one.mean_probability for one in bins] == pytest.approx(means)


@given(st.integers(0, 10_000), st.integers(2, 60))
def test_the_bins_gaps_sum_to_the_calibration_error(seed, n):
    malignant, probability, groups = drawn(n, seed)
    bins = reliability(malignant, probability, groups, Bootstrap(draws=2))
    assert sum(one.n for one in bins) == n
    assert sum(one.n_malignant for one in bins) == malignant.sum()
    gaps = (one.n / n * abs(one.mean_probability - one.share_malignant.value) for one in bins)
    assert sum(gaps) == pytest.approx(calibration_error(malignant, probability))


def test_true_probabilities_lie_inside_most_intervals_and_overstated_ones_below():
    malignant, probability, groups = drawn(20_000)
    honest = reliability(malignant, probability, groups, Bootstrap(draws=300))
    inside = [
        one.share_malignant.low <= one.mean_probability <= one.share_malignant.high
        for one in honest
    ]
    assert np.mean(inside) > 0.7
    overstated = reliability(malignant, np.sqrt(probability), groups, FEW)
    assert all(one.share_malignant.high < one.mean_probability for one in overstated[2:-1])


def test_the_intervals_are_of_lesions_not_of_images():
    malignant, probability, groups = drawn(200)
    alone = reliability(malignant, probability, groups, Bootstrap(draws=400))
    tenfold = reliability(
        np.tile(malignant, 10), np.tile(probability, 10), groups * 10, Bootstrap(draws=400)
    )
    for one, ten in zip(alone, tenfold, strict=True):
        assert ten.n == 10 * one.n
        assert ten.share_malignant == one.share_malignant


def test_the_diagram_puts_a_calibrated_bin_on_the_diagonal_and_an_overstated_one_below():
    bins = [
        {"n": 100, "n_malignant": 30, "mean_probability": 0.3, "share_malignant": at(0.3)},
        {"n": 25, "n_malignant": 5, "mean_probability": 0.8, "share_malignant": at(0.2)},
    ]
    svg = ElementTree.fromstring(reliability_svg(bins))
    true, over = svg.iter("{http://www.w3.org/2000/svg}circle")
    corner = [float(number) for number in (true.get("cx"), true.get("cy"))]
    # From (0.3, 0.3), up 0.3 and left 0.3 are as far: the axes have one scale.
    assert float(over.get("cx")) - corner[0] == pytest.approx(5 / 3 * (corner[0] - 64), abs=0.2)
    assert float(over.get("cy")) > corner[1]
    assert float(true.get("r")) == pytest.approx(2 * float(over.get("r")), abs=0.1)


def at(share):
    return {"value": share, "low": share - 0.1, "high": share + 0.1}
