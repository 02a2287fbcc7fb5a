"""For whom a classifier works: a group on which it fails is found, small ones are not judged."""

import json

import numpy as np
import polars as pl
import pytest

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.classification import classification_metrics
from lentigo.evaluation.slices import attributes_of, slice_metrics

FEW = Bootstrap(draws=50)


def table_of(**columns):
    names = ("age", "sex", "site", "diagnosis", "dx_type", "area_share")
    n = len(next(iter(columns.values())))
    types = {name: pl.Float64 if name in ("age", "area_share") else pl.String for name in names}
    return pl.DataFrame({name: columns.get(name, [None] * n) for name in names}, schema=types)


@pytest.fixture
def scored():
    """Two hundred images, two a lesion: fine for women, a coin's toss for men."""
    chance = np.random.default_rng(0)
    malignant = np.repeat(np.arange(100) % 3 == 0, 2)
    sex = np.where(np.arange(200) < 100, "female", "male")
    centre = np.where(sex == "female", np.where(malignant, 0.8, 0.2), 0.45)
    probability = (centre + chance.normal(0, 0.1, 200)).clip(0, 1)
    return malignant, probability, [f"lesion {i // 2}" for i in range(200)], sex.tolist()


def test_the_group_on_which_it_fails_comes_first(scored):
    *case, groups, sex = scored
    site = ["back", "arm"] * 100
    first, *others = slice_metrics(*case, 0.5, groups, {"site": site, "sex": sex}, FEW)
    assert (first.attribute, first.value) == ("sex", "male")
    assert (first.n, first.n_groups) == (100, 50)
    women = next(one for one in others if one.value == "female")
    assert first.metrics["sensitivity"].high < women.metrics["sensitivity"].low
    assert first.metrics["auc"].high < women.metrics["auc"].low
    values = [one.metrics["sensitivity"].value for one in (first, *others)]
    assert values == sorted(values)


def test_a_slice_s_figures_are_those_of_its_images_alone(scored):
    malignant, probability, groups, sex = scored
    (men,) = [
        one
        for one in slice_metrics(malignant, probability, 0.5, groups, {"sex": sex}, FEW)
        if one.value == "male"
    ]
    of = np.array(sex) == "male"
    alone = classification_metrics(
        malignant[of], probability[of], {"at": 0.5}, np.array(groups)[of].tolist(), FEW
    )
    assert men.metrics["auc"] == alone.auc
    assert men.metrics["sensitivity"] == alone.operating_points["at"].sensitivity
    assert men.metrics["specificity"] == alone.operating_points["at"].specificity
    gap = probability[of].mean() - malignant[of].mean()
    assert men.metrics["calibration_gap"].value == pytest.approx(gap)


def test_a_diagnosis_has_the_rate_of_its_class_alone_and_benign_ones_follow(scored):
    malignant, probability, groups, _ = scored
    diagnosis = np.where(malignant, "mel", "nv").tolist()
    mel, nv = slice_metrics(malignant, probability, 0.5, groups, {"diagnosis": diagnosis}, FEW)
    assert (mel.value, nv.value) == ("mel", "nv")
    told = mel.as_json(), nv.as_json()
    for figure in ("auc", "calibration_gap"):
        assert [one[figure]["value"] for one in told] == [None, None]
    assert told[0]["sensitivity"]["value"] is not None
    assert told[0]["specificity"]["value"] is None
    assert told[1]["sensitivity"]["value"] is None
    assert told[1]["specificity"]["value"] is not None
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    ("n_malignant", "n_benign", "judged"),
    [
        (10, 10, True),
        (9, 11, False),
        (9, 200, False),
        (200, 9, False),
        (20, 0, True),
        (0, 19, False),
    ],
)
def test_what_is_too_small_is_counted_and_not_judged(n_malignant, n_benign, judged):
    malignant = np.arange(n_malignant + n_benign) < n_malignant
    n = len(malignant)
    (one,) = slice_metrics(
        malignant, np.full(n, 0.5), 0.5, [str(i) for i in range(n)], {"sex": ["male"] * n}, FEW
    )
    told = one.as_json()
    assert (told["n"], told["n_malignant"], told["judged"]) == (n, n_malignant, judged)
    assert (told["calibration_gap"] is not None) == judged


def test_the_too_small_stand_last_however_bad(scored):
    *case, groups, sex = scored
    rare = ["rare" if i < 4 else "common" for i in range(200)]
    slices = slice_metrics(*case, 0.99, groups, {"site": rare, "sex": sex}, FEW)
    assert slices[-1].value == "rare"
    assert slices[-1].metrics is None


def test_a_band_begins_with_its_first_year_and_what_is_not_known_is_said():
    ages = [29.9, 30, 44, 45, 60, 74, 75, None]
    told = attributes_of(table_of(age=ages, sex=["male", *[None] * 7]))
    assert told["age"] == [
        "0–29", "30–44", "30–44", "45–59", "60–74", "60–74", "75+", "unknown",
    ]  # fmt: skip
    assert told["sex"] == ["male", *["unknown"] * 7]


def test_sizes_are_cut_into_thirds():
    told = attributes_of(table_of(area_share=[0.01, 0.02, 0.1, 0.2, 0.5, 0.6, None]))
    names = [size.split(" third")[0] for size in told["lesion size"]]
    assert names == ["smallest"] * 2 + ["middle"] * 2 + ["largest"] * 2 + ["unknown"]


def test_what_is_known_of_no_image_makes_no_slice():
    assert attributes_of(table_of(sex=[None, None])) == {}
