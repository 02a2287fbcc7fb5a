"""The report per class, held against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from lentigo.evaluation.class_report import PER_CLASS, REPORTED, weighted_class_report

IMAGES = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), min_size=1)


@given(IMAGES)
def test_it_is_scikit_learns(images: list[tuple[bool, bool, int]]) -> None:
    malignant, called, counts = (np.array(column) for column in zip(*images, strict=True))
    if not counts.sum():
        return
    got = weighted_class_report(malignant, called, counts[None].astype(float))
    expected = classification_report(
        malignant,
        called,
        labels=[False, True],
        target_names=["benign", "malignant"],
        sample_weight=counts,
        output_dict=True,
        zero_division=np.nan,
    )
    drawn = counts > 0
    assert got["accuracy"][0] == pytest.approx(
        (malignant == called)[drawn] @ counts[drawn] / counts.sum()
    )
    for one in REPORTED:
        # Of an average over a class without a figure scikit-learn takes the other class alone.
        if any(np.isnan(got[f"{name}/{rate}"][0]) for name in REPORTED[:2] for rate in PER_CLASS):
            continue
        for rate in PER_CLASS:
            theirs = expected[one if one in REPORTED[:2] else f"{one} avg"]
            told = theirs["f1-score" if rate == "f1" else rate]
            assert got[f"{one}/{rate}"][0] == pytest.approx(told)


def test_always_benign_has_no_precision_and_no_gain() -> None:
    malignant = np.array([True, False, False, False, False])
    got = weighted_class_report(malignant, np.zeros(5, dtype=bool), np.ones((1, 5)))
    assert got["accuracy"][0] == 0.8
    assert got["gain"][0] == 0
    assert got["malignant/recall"][0] == got["malignant/f1"][0] == 0
    assert np.isnan(got["malignant/precision"][0])
    assert np.isnan(got["macro/precision"][0])
    assert got["macro/recall"][0] == 0.5
    assert got["weighted/recall"][0] == 0.8


def test_the_gain_is_over_always_benign_of_the_same_draw() -> None:
    malignant = np.array([True, True, False, False])
    called = np.array([True, False, False, True])
    weights = np.array([[1.0, 1, 1, 1], [3, 0, 1, 0], [0, 0, 2, 2]])
    got = weighted_class_report(malignant, called, weights)
    assert got["gain"].tolist() == [0.0, 0.75, -0.5]
