import pytest

from lentigo.bundle import BundleSpec
from lentigo.report.words import in_words
from lentigo.runtime.finding import AppliedPoint, Finding, Provenance, UsedBundle


def measured(value: float) -> dict[str, float]:
    return {"value": value, "low": value / 2, "high": (1 + value) / 2}


def bin_of(low: float, n: int, n_malignant: int) -> dict[str, object]:
    share = measured(n_malignant / n)
    return {
        "low": low,
        "high": low + 0.1,
        "n": n,
        "n_malignant": n_malignant,
        "mean_probability": low,
        "share_malignant": share,
    }


METRICS = {
    "data": ["ham10000"],
    "split": "part 'test' of split.csv",
    "reliability": [
        bin_of(0.1, 50, 0),
        bin_of(0.2, 400, 1),
        bin_of(0.3, 50, 17),
        bin_of(0.4, 5, 3),
        bin_of(0.9, 30, 29),
    ],
    "operating_points": {
        "balanced": {"sensitivity": measured(0.9), "specificity": measured(0.8), "tn": 3}
    },
}


def finding(probability: float, point: str = "balanced") -> Finding:
    used = UsedBundle(name="b", sha256="0", precision="float32")
    return Finding(
        image=None,
        image_sha256=None,
        size_px=(10, 10),
        probability_malignant=probability,
        operating_point=AppliedPoint(name=point, threshold=0.3, rule="by hand"),
        decision="malignant" if probability >= 0.3 else "benign",
        warnings=(),
        lesion_found=False,
        measurements=None,
        box=None,
        contour=(),
        made_with=Provenance(lentigo="0", engine="e", segmenter=used, classifier=used),
    )


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (0.15, "none was malignant"),
        (0.2, "fewer than 1 was malignant"),
        (0.35, "about 34 were malignant"),
        (1.0, "about 97 were malignant"),
    ],
)
def test_a_score_is_told_as_what_was_counted(
    classifier_spec: BundleSpec, probability: float, expected: str
) -> None:
    spec = classifier_spec.model_copy(update={"metrics": METRICS})
    told = in_words(finding(probability), spec)
    assert told.frequency is not None
    assert told.counts is not None
    assert told.frequency.startswith("Of 100 lesions scored like this, ")
    assert expected in told.frequency
    assert told.frequency.endswith("in the held-out data.")
    assert "ham10000, part 'test' of split.csv" in told.counts


@pytest.mark.parametrize("probability", [0.45, 0.05])
def test_few_images_or_none_are_not_made_a_frequency(
    classifier_spec: BundleSpec, probability: float
) -> None:
    spec = classifier_spec.model_copy(update={"metrics": METRICS})
    told = in_words(finding(probability), spec)
    assert told.counts is None
    assert f"about {100 * probability:.0f} were" in str(told.frequency)
    assert "by the curve that was fitted" in str(told.frequency)


def test_a_bundle_that_was_neither_measured_nor_calibrated_promises_nothing(
    classifier_spec: BundleSpec,
) -> None:
    spec = classifier_spec.model_copy(update={"calibration": None})
    told = in_words(finding(0.35), spec)
    assert told.frequency == "The classifier is not calibrated: 35 % ranks images, no more."
    assert told.counts is None
    assert told.point is None


def test_a_point_is_told_by_what_it_finds_and_what_it_costs(classifier_spec: BundleSpec) -> None:
    spec = classifier_spec.model_copy(update={"metrics": METRICS})
    told = in_words(finding(0.35), spec)
    assert told.decision.startswith("Called malignant: 35 % reaches the threshold of 30 %")
    assert "90 % of the malignant images" in str(told.point)
    assert "so were 20 % of the benign ones (95 % interval 10–60 %)" in str(told.point)
    assert in_words(finding(0.35, "another"), spec).point is None
