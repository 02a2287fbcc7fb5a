import numpy as np
import pytest

from lentigo.bundle import Guarantee
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.classification import classification_metrics
from lentigo.evaluation.model_card import NOTICE, model_card
from lentigo.evaluation.quality import outline_quality_metrics
from lentigo.evaluation.segmentation import PixelCounts, segmentation_metrics

ABOUT = {
    "data": ["ham10000"],
    "split": "part 'test' of split.csv",
    "n_skipped": 1,
    "bootstrap": {"draws": 1000, "level": 0.95, "seed": 0},
}


def with_metrics(spec, metrics):
    return spec.model_copy(update={"metrics": ABOUT | metrics.as_json(), "licence": "CC BY-NC 4.0"})


@pytest.fixture
def segmenter(segmenter_spec):
    counts = PixelCounts(*np.array([[80, 10, 10, 900], [50, 50, 0, 900]]).T)
    return with_metrics(segmenter_spec, segmentation_metrics(counts, ["a", "b"], Bootstrap(50)))


@pytest.fixture
def classifier(classifier_spec):
    malignant = np.array([True, True, False, False])
    metrics = classification_metrics(
        malignant,
        np.array([0.9, 0.2, 0.6, 0.1]),
        {name: point.threshold for name, point in classifier_spec.operating_points.items()},
        ["a", "b", "c", "d"],
        Bootstrap(50),
    )
    return with_metrics(classifier_spec, metrics)


def test_a_segmenter_s_card_names_both_aggregations_with_their_intervals(segmenter):
    card = model_card(segmenter)
    pooled = segmenter.metrics["dice"]["pooled"]
    expected = f"{pooled['value']:.3f} | {pooled['low']:.3f}–{pooled['high']:.3f}"
    assert f"| Dice, pooled | {expected} |" in card
    assert "| Dice, per image |" in card
    assert "On 50.0%" in card
    assert "the largest part is kept" in card


def test_a_segmenter_s_card_tells_how_well_it_knows_its_bad_outlines(segmenter, watchful_bundle):
    expected, found = np.array([0.9, 0.6]), np.array([0.8, 0.5])
    quality = outline_quality_metrics(expected, found, 0.8, ["a", "b"], Bootstrap(50))
    card = model_card(
        segmenter.model_copy(
            update={
                "outline_quality": watchful_bundle.spec.outline_quality,
                "metrics": segmenter.metrics | {"outline_quality": quality.as_json()},
            }
        )
    )
    assert "fitted on 100 validation images; below 0.80 a person should look" in card
    assert "| Expected Jaccard: rank correlation with the true one | 1.000 |" in card
    assert "| Expected Jaccard: mean distance to the true one | 0.100 |" in card
    assert "Expected Jaccard" not in model_card(segmenter)


def test_a_classifier_s_card_tells_what_it_misses(classifier):
    card = model_card(classifier)
    assert "On 4 images, 2 of them malignant" in card
    assert "At balanced it missed 1 of 2 malignant images, and 1 of the 2 that it called" in card
    assert "| cautious | 0.0100 | miss next to none |" in card
    assert "sigmoid(0.5000 · logit +0.1000)" in card


def test_every_card_tells_data_split_licence_and_that_it_is_research(segmenter, classifier):
    for spec in (segmenter, classifier):
        card = model_card(spec)
        for text in (NOTICE, "Data: ham10000; part 'test' of split.csv", "CC BY-NC 4.0"):
            assert text in card


def test_a_bundle_that_was_not_evaluated_says_so(segmenter_spec):
    assert "Not evaluated yet." in model_card(segmenter_spec)


def test_a_card_names_the_diagnoses_and_does_not_promise_too_much(classifier):
    assert "diagnoses" not in model_card(classifier).split("## Limits")[0]
    told = classifier.model_copy(update={"diagnoses": ("mel", "nv")})
    assert "among the diagnoses mel, nv. These shares are not calibrated" in model_card(told)


def test_a_card_tells_what_a_threshold_promises_and_where_it_does_not(classifier):
    promise = Guarantee(
        expected_sensitivity=0.9, sensitivity=0.8608, confidence=0.9, n_malignant_lesions=175
    )
    points = dict(classifier.operating_points)
    points["balanced"] = points["balanced"].model_copy(update={"guarantee": promise})
    card = model_card(classifier.model_copy(update={"operating_points": points}))
    assert "**balanced** finds it with a chance of at least 90%, on average" in card
    assert "With 90% confidence over the lesions that fell into this one" in card
    assert "at least 86.1%. This rests on 175 malignant lesions." in card
    assert "of the same clinics, cameras and mix of diagnoses. Elsewhere it is none." in card
    assert "**cautious**" not in card
    assert "promise" not in model_card(classifier)


def slice_of(value, sensitivity=None, *, judged=True, **counts):
    defined = {"value": sensitivity, "low": 0.1, "high": 1.0}
    undefined = dict.fromkeys(("value", "low", "high"))
    figures = {
        "auc": undefined,
        "sensitivity": defined if sensitivity is not None else undefined,
        "specificity": undefined,
        "calibration_gap": defined if sensitivity is not None else undefined,
    }
    return {
        "attribute": "site",
        "value": value,
        "n": 30,
        "n_malignant": 12,
        "n_groups": 25,
        "judged": judged,
        **(figures if judged else dict.fromkeys(figures)),
    } | counts


def test_a_card_tells_for_whom_it_works_less_well(classifier):
    slices = [slice_of("a|b", 0.5), slice_of("arm", 0.9), slice_of("ear", judged=False, n=7)]
    about = {"operating_point": "balanced", "min_images": 20, "min_of_class": 10}
    metrics = classifier.metrics | {"slices": about | {"worst_first": slices}}
    card = model_card(classifier.model_copy(update={"metrics": metrics}))
    row = "| site: a\\|b | 30 | 12 | 25 | – | 0.500 (0.100–1.000) | – | +0.500 (+0.100 to +1.000) |"
    assert row in card
    assert card.index("site: a") < card.index("site: arm")
    assert "fewer than 20 images, or than 10 of a class that it has): site: ear (12 of 7" in card
    # A result of before, or of data that tells nothing of its patients, has no such section.
    none = classifier.metrics | {"slices": about | {"worst_first": []}}
    without = model_card(classifier)
    assert "For whom" not in without
    assert model_card(classifier.model_copy(update={"metrics": none})) == without
