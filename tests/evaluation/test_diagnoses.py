import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, roc_auc_score

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.diagnoses import diagnosis_metrics

NAMES = ("mel", "nv", "bcc")
QUICK = Bootstrap(draws=20)


@given(st.integers(0, 2**32 - 1))
def test_figures_equal_scikit_learns(seed: int) -> None:
    chance = np.random.default_rng(seed)
    true = np.concatenate((np.arange(3), chance.integers(0, 3, 40)))
    shares = chance.dirichlet((1, 1, 1), len(true))
    groups = [str(i) for i in range(len(true))]
    found = diagnosis_metrics([NAMES[i] for i in true], shares, NAMES, groups, QUICK)
    assert found is not None
    called = shares.argmax(axis=1)
    assert found.accuracy.value == pytest.approx(accuracy_score(true, called))
    for k, name in enumerate(NAMES):
        assert found.auc[name].value == pytest.approx(roc_auc_score(true == k, shares[:, k]))
    counts = [[found.confusion[a][b] for b in NAMES] for a in NAMES]
    assert np.array_equal(counts, confusion_matrix(true, called))


def test_images_with_other_diagnoses_do_not_count() -> None:
    shares = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.9, 0.1, 0.0], [0.5, 0.3, 0.2]])
    truth = ["mel", "nv", None, "wart"]
    found = diagnosis_metrics(truth, shares, NAMES, list("abcd"), QUICK)
    assert found is not None
    assert (found.n, found.accuracy.value) == (2, 1.0)
    assert set(found.auc) == {"mel", "nv"}  # no image is known to be a bcc
    assert diagnosis_metrics([None] * 4, shares, NAMES, list("abcd"), QUICK) is None


def test_shares_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2\); expected \(2, 3\)"):
        diagnosis_metrics(["mel", "nv"], np.zeros((2, 2)), NAMES, list("ab"))
