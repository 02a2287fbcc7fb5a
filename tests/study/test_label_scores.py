"""A classification study's statistics, held against scikit-learn and direct computations."""

from dataclasses import astuple

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)
from tiny_study import labels_table, made_diagnoses

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.class_report import PER_CLASS
from lentigo.study.label_figures import SWEPT, roc, sweep
from lentigo.study.label_scores import (
    HALF,
    POINTS,
    STUDYS_RULE,
    always_benign,
    answers,
    choose_thresholds,
    label_scores,
    paired_difference,
)

FEW = Bootstrap(draws=200, seed=3)


def drawn(seed: int, skill: float, n: int = 80, lesions: int = 50) -> pl.DataFrame:
    """The images are the same for every seed; how well they are told apart is not."""
    common, chance = np.random.default_rng(7), np.random.default_rng(seed)
    group = common.integers(lesions, size=n)
    malignant = common.random(lesions)[group] < 0.3
    logit = skill * (malignant - 0.5) + chance.normal(size=n)
    return labels_table(malignant.tolist(), 1 / (1 + np.exp(-logit)), [f"g{i}" for i in group])


GOOD, POOR, VALIDATION = drawn(1, 3), drawn(2, 0.5), drawn(3, 2)


def test_one_seeds_scores_are_scikit_learns() -> None:
    thresholds = choose_thresholds(VALIDATION)
    got = label_scores([GOOD], [thresholds], FEW)
    malignant, probability = GOOD["malignant"].to_numpy(), GOOD["probability"].to_numpy()
    assert got.auc.value == pytest.approx(roc_auc_score(malignant, probability))
    assert (got.n, got.n_malignant) == (80, malignant.sum())
    assert got.n_groups == GOOD["group"].n_unique()
    assert tuple(got.points) == POINTS
    for name, point in got.points.items():
        called = probability >= thresholds[name]
        assert point.thresholds == (thresholds[name],)
        assert point.report["accuracy"].value == pytest.approx(accuracy_score(malignant, called))
        told = {
            "benign": precision_recall_fscore_support(malignant, called, labels=[False]),
            "malignant": precision_recall_fscore_support(malignant, called, labels=[True]),
            "macro": precision_recall_fscore_support(malignant, called, average="macro"),
            "weighted": precision_recall_fscore_support(malignant, called, average="weighted"),
        }
        for one, figures in told.items():
            for rate, figure in zip(PER_CLASS, figures, strict=False):
                interval = point.report[f"{one}/{rate}"]
                assert interval.value == pytest.approx(float(np.squeeze(figure)))
                assert interval.low <= interval.value <= interval.high
        assert tuple(point.confusion) == tuple(confusion_matrix(malignant, called).ravel())


def test_thresholds_are_the_best_on_validation_and_know_nothing_of_the_test_part() -> None:
    thresholds = choose_thresholds(VALIDATION)
    malignant, probability = (VALIDATION[name].to_numpy() for name in ("malignant", "probability"))

    def accuracy(threshold: float) -> float:
        return float(((probability >= threshold) == malignant).mean())

    assert thresholds[HALF] == 0.5
    every = [accuracy(threshold) for threshold in np.linspace(0, 1, 1001)]
    assert accuracy(thresholds[STUDYS_RULE]) >= max(every)
    one, other = (made_diagnoses(test, VALIDATION) for test in (GOOD, POOR))
    assert choose_thresholds(one.validation) == choose_thresholds(other.validation)


@pytest.mark.parametrize("metric", ["auc", "accuracy"])
def test_a_paired_difference_equals_a_direct_computation(metric: str) -> None:
    row, other = made_diagnoses(GOOD, VALIDATION), made_diagnoses(POOR, VALIDATION)
    got = paired_difference([row], [other], metric, FEW)
    threshold = choose_thresholds(VALIDATION)[STUDYS_RULE]

    def score(table: pl.DataFrame) -> float:
        malignant, probability = (table[name].to_numpy() for name in ("malignant", "probability"))
        if metric == "auc":
            return float(roc_auc_score(malignant, probability))
        return float(accuracy_score(malignant, probability >= threshold))

    groups = GOOD["group"].to_numpy()
    names, generator = np.unique(groups), np.random.default_rng(FEW.seed)
    differences = []
    for picks in generator.integers(len(names), size=(FEW.draws, len(names))):
        taken = np.concatenate([np.flatnonzero(groups == names[pick]) for pick in picks])
        differences.append(score(GOOD[taken]) - score(POOR[taken]))
    low, high = np.quantile(differences, (0.025, 0.975))
    assert (got.value, got.low, got.high) == pytest.approx((score(GOOD) - score(POOR), low, high))


def test_images_are_paired_by_name_and_those_of_one_row_alone_are_left_out() -> None:
    row, other = made_diagnoses(GOOD, VALIDATION), made_diagnoses(POOR, VALIDATION)
    got = paired_difference([row], [other], "auc", FEW)
    turned = made_diagnoses(POOR.reverse(), VALIDATION)
    assert paired_difference([row], [turned], "auc", FEW) == got
    fewer = made_diagnoses(POOR[5:], VALIDATION)
    both_fewer = paired_difference([made_diagnoses(GOOD[5:], VALIDATION)], [fewer], "auc", FEW)
    assert paired_difference([row], [fewer], "auc", FEW) == both_fewer


def test_seeds_are_averaged_each_at_its_own_threshold() -> None:
    validations = [VALIDATION, drawn(4, 1)]
    thresholds = [choose_thresholds(table) for table in validations]
    assert thresholds[0] != thresholds[1]
    each = [
        label_scores([table], [own], FEW)
        for table, own in zip([GOOD, POOR], thresholds, strict=True)
    ]
    got = label_scores([GOOD, POOR], thresholds, FEW)
    assert got.n == 80
    assert got.auc.value == pytest.approx(np.mean([one.auc.value for one in each]))
    for name, point in got.points.items():
        assert point.thresholds == tuple(own[name] for own in thresholds)
        recalls = [one.points[name].report["malignant/recall"].value for one in each]
        assert point.report["malignant/recall"].value == pytest.approx(np.mean(recalls))
        cells = np.add(*(one.points[name].confusion for one in each))
        assert tuple(point.confusion) == tuple(cells)
    # Twice the same seed tells nothing new: the interval must not shrink.
    twice = label_scores([GOOD] * 2, thresholds[:1] * 2, FEW)
    assert twice.auc.low == pytest.approx(each[0].auc.low)
    runs = [made_diagnoses(*pair) for pair in zip([GOOD, POOR], validations, strict=True)]
    difference = paired_difference(runs, runs[:1], "auc", FEW).value
    assert difference == pytest.approx(got.auc.value - each[0].auc.value)


def test_always_benign_is_what_the_labels_say() -> None:
    got = always_benign(GOOD, FEW)
    benign = 1 - GOOD["malignant"].to_numpy().mean()
    (point,) = got.points.values()
    assert point.report["accuracy"].value == pytest.approx(benign)
    assert point.report["accuracy"].low < benign < point.report["accuracy"].high
    assert (point.report["gain"].low, point.report["gain"].high) == (0, 0)
    assert got.auc.value == 0.5
    assert point.as_json()["malignant"]["precision"]["value"] is None
    assert (point.confusion.tp, point.confusion.fp) == (0, 0)


def test_the_gain_over_always_benign_is_drawn_with_the_same_lesions() -> None:
    perfect = GOOD.with_columns(probability=pl.col("malignant").cast(pl.Float64))
    scores = label_scores([perfect], [{"point": 0.5}], FEW)
    share = always_benign(GOOD, FEW).points["always-benign"].report["accuracy"]
    gain = scores.points["point"].report["gain"]
    assert (gain.value, gain.low, gain.high) == pytest.approx(
        (1 - share.value, 1 - share.high, 1 - share.low)
    )


def test_the_sweep_is_the_decisions_at_each_threshold() -> None:
    swept = sweep(answers([GOOD]), FEW)
    for step in (0, 30, 50, 80):
        report = label_scores([GOOD], [{"here": step / 100}], FEW).points["here"].report
        for name, ours in (
            ("accuracy", "accuracy"),
            ("precision", "malignant/precision"),
            ("sensitivity", "malignant/recall"),
            ("f1", "malignant/f1"),
        ):
            assert astuple(swept[name][step]) == pytest.approx(astuple(report[ours]))
    assert set(swept) == set(SWEPT)


def test_the_roc_curve_rises_and_its_band_holds_it() -> None:
    curve = roc(answers([GOOD]), FEW)
    values = [point.value for point in curve]
    assert values == sorted(values)
    assert values[-1] == 1
    assert all(point.low <= point.value <= point.high for point in curve)
