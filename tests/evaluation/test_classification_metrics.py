import json
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, classification_report, confusion_matrix
from torchmetrics.functional.classification import (
    binary_accuracy,
    binary_f1_score,
    binary_precision,
    binary_recall,
    binary_specificity,
)

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.classification import RATES, classification_metrics

FEW = Bootstrap(draws=20)


def example(n=400, seed=0):
    generator = np.random.default_rng(seed)
    malignant = generator.random(n) < 0.2
    probability = np.clip(generator.normal(0.3 + 0.3 * malignant, 0.2), 0, 1)
    return malignant, probability, [str(i // 2) for i in range(n)]


def test_decisions_agree_with_torchmetrics():
    malignant, probability, groups = example()
    metrics = classification_metrics(malignant, probability, {"mine": 0.37}, groups, FEW)
    decisions = metrics.operating_points["mine"]
    tensors = torch.from_numpy(probability), torch.from_numpy(malignant).long()
    for name, score in {
        "sensitivity": binary_recall,
        "specificity": binary_specificity,
        "precision": binary_precision,
        "f1": binary_f1_score,
        "accuracy": binary_accuracy,
    }.items():
        expected = score(*tensors, threshold=0.37).item()
        assert getattr(decisions, name).value == pytest.approx(expected, abs=1e-6)


def test_report_and_confusion_matrix_agree_with_scikit_learn():
    malignant, probability, groups = example()
    metrics = classification_metrics(malignant, probability, {"mine": 0.5}, groups, FEW).as_json()
    point = metrics["operating_points"]["mine"]
    called = probability >= 0.5
    expected = confusion_matrix(malignant, called)
    assert point["confusion_matrix"]["counts"] == expected.tolist()
    assert [point[name] for name in ("tn", "fp", "fn", "tp")] == expected.ravel().tolist()
    report = classification_report(
        malignant, called, target_names=["benign", "malignant"], output_dict=True
    )
    for name in ("benign", "malignant"):
        theirs = {key.removesuffix("-score"): value for key, value in report[name].items()}
        assert point["per_class"][name] == pytest.approx(theirs)


def test_brier_score_agrees_with_scikit_learn():
    malignant, probability, groups = example()
    metrics = classification_metrics(malignant, probability, {}, groups, FEW)
    assert metrics.brier.value == pytest.approx(brier_score_loss(malignant, probability))


def test_json_has_the_names_of_result_files():
    malignant, probability, groups = example()
    result = classification_metrics(malignant, probability, {"balanced": 0.4}, groups).as_json()
    assert (result["n"], result["n_groups"]) == (400, 200)
    assert result["n_malignant"] == np.count_nonzero(malignant)
    point = result["operating_points"]["balanced"]
    intervals = [result[name] for name in ("auc", "average_precision", "brier", "ece")]
    for interval in (*intervals, *(point[rate] for rate in RATES)):
        assert list(interval) == ["value", "low", "high"]
        assert interval["low"] <= interval["value"] <= interval["high"]
    assert point["threshold"] == 0.4
    assert point["tn"] + point["fp"] + point["fn"] + point["tp"] == 400


def test_a_probability_on_the_threshold_is_called_malignant():
    metrics = classification_metrics(
        np.array([True, False]), np.array([0.5, 0.4]), {"a": 0.5}, "xy"
    )
    assert (metrics.operating_points["a"].tp, metrics.operating_points["a"].tn) == (1, 1)


def test_what_one_class_does_not_define_is_null_and_still_json():
    benign = np.zeros(5, bool)
    metrics = classification_metrics(benign, np.linspace(0, 0.4, 5), {"a": 0.5}, "abcde", FEW)
    result = json.loads(json.dumps(metrics.as_json(), allow_nan=False))
    assert result["auc"]["value"] is None
    assert result["operating_points"]["a"]["precision"]["value"] is None
    assert result["operating_points"]["a"]["specificity"]["value"] == 1
    assert result["operating_points"]["a"]["per_class"]["malignant"]["recall"] is None


@given(st.integers(1, 30), st.integers(0, 99), st.floats(0, 1))
def test_the_order_of_images_does_not_matter_and_values_are_shares(n, seed, threshold):
    malignant, probability, groups = example(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    once = classification_metrics(malignant, probability, {"a": threshold}, groups, FEW)
    again = classification_metrics(
        malignant[order], probability[order], {"a": threshold}, [groups[i] for i in order], FEW
    )
    for name in ("auc", "average_precision", "brier", "ece"):
        first, second = getattr(once, name), getattr(again, name)
        assert first.as_json() == pytest.approx(second.as_json(), abs=1e-9)
        assert np.isnan(first.value) or -1e-9 <= first.value <= 1 + 1e-9


def test_ten_thousand_images_with_five_operating_points_take_seconds():
    malignant, probability, groups = example(10_000)
    thresholds = {str(i): i / 10 for i in range(5)}
    start = time.process_time()
    classification_metrics(malignant, probability, thresholds, groups)
    assert time.process_time() - start < 15


def test_what_does_not_fit_is_refused():
    labels = np.array([True, False])
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\)"):
        classification_metrics(labels, np.zeros(3), {}, "ab")
    with pytest.raises(ValueError, match="got 3 for 2"):
        classification_metrics(labels, np.zeros(2), {}, "abc")
    with pytest.raises(ValueError, match="boolean labels"):
        classification_metrics(labels.astype(int), np.zeros(2), {}, "ab")
    for wrong in (1.5, float("nan")):
        with pytest.raises(ValueError, match=f"got {wrong} at index 1"):
            classification_metrics(labels, np.array([0.5, wrong]), {}, "ab")
