"""The model card: what a bundle does, how well, on what, and its limits (Mitchell et al. 2019).

Every figure comes from the bundle's index and its evaluation; none is typed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lentigo.bundle import BundleSpec
from lentigo.evaluation.classification import RATES
from lentigo.evaluation.known import in_words as known_in_words
from lentigo.evaluation.outlines import in_words
from lentigo.evaluation.quality import REVIEWED_SHARE
from lentigo.evaluation.segmentation import FAILED_BELOW_JACCARD

NOTICE = (
    "Research software, not a medical device. It has not been cleared for diagnosis, and its "
    "output must not guide the care of a patient."
)
DIAGRAM = "reliability.svg"
"""The file beside a classifier's card that its reliability diagram is in."""

_PURPOSE = {
    "segmentation": "outlines the lesion in a dermoscopic image",
    "classification": "estimates the probability that a dermoscopic image shows a malignant lesion",
}
_HEADLINES = {
    "segmentation": {
        "Dice, per image": "dice.per_image",
        "Dice, pooled": "dice.pooled",
        "Jaccard, per image": "jaccard.per_image",
        "Jaccard, pooled": "jaccard.pooled",
        f"Thresholded Jaccard (0 below {FAILED_BELOW_JACCARD})": "thresholded_jaccard",
        f"Failure rate (Jaccard below {FAILED_BELOW_JACCARD})": "failure_rate",
    },
    "classification": {
        "AUC": "auc",
        "Average precision": "average_precision",
        "Brier score": "brier",
        "Calibration error (15 bins)": "ece",
    },
}

SLICE_HEAD = (
    "slice",
    "images",
    "malignant",
    "lesions",
    "AUC",
    "sensitivity",
    "specificity",
    "probability − observed",
)

_OUTLINE_QUALITY = {
    "Expected Jaccard: rank correlation with the true one": "spearman",
    "Expected Jaccard: mean distance to the true one": "absolute_error",
    "Expected Jaccard: mean error (above 0 promises too much)": "bias",
    "Outlines to look at (expected Jaccard below the limit)": "flagged",
    f"Failure rate without the {REVIEWED_SHARE:.0%} of lowest expected Jaccard": (
        "failure_rate_of_rest"
    ),
}


def model_card(spec: BundleSpec) -> str:
    """Return the card of a bundle as Markdown.

    Args:
        spec: The bundle's index; ``metrics`` holds an ``Evaluation``'s metrics, or nothing where it
            was not evaluated yet, and the card says so.
    """
    sections = (
        f"# {spec.name}",
        f"> {NOTICE}",
        f"{'An' if spec.net[0] in 'aeiou' else 'A'} {spec.net} network that {_PURPOSE[spec.task]}.",
        "## Results",
        *_results(spec),
        *_slices(spec),
        *_reliability(spec),
        *_diagnoses(spec),
        "## How it decides",
        *_decision(spec),
        "## Limits",
        _bullets(_limits(spec)),
        "## Training",
        *_training(spec),
        "## Licence",
        spec.licence or "Not stated.",
    )
    return "\n\n".join(sections) + "\n"


def headline_rows(task: str, metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, value and interval of a task's main metrics, as text for a table."""
    paths = dict(_HEADLINES[task])
    if "outline_quality" in metrics:
        paths |= {name: f"outline_quality.{key}" for name, key in _OUTLINE_QUALITY.items()}
    return [(name, *interval_texts(_at(metrics, path))) for name, path in paths.items()]


def rate_rows(point: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, value and interval of each rate at an operating point, as text."""
    return [(rate, *interval_texts(point[rate])) for rate in RATES]


def slice_rows(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return, below ``SLICE_HEAD``, each slice that can be judged, the worst first, as text."""
    return [
        (
            f"{one['attribute']}: {one['value']}",
            *(str(one[count]) for count in ("n", "n_malignant", "n_groups")),
            *(_with_ends(one[name], "–") for name in ("auc", "sensitivity", "specificity")),
            _with_ends(one["calibration_gap"], " to ", sign="+"),
        )
        for one in _slices_of(metrics)
        if one["judged"]
    ]


def too_small_slices(metrics: Mapping[str, Any]) -> list[str]:
    """Return the slices that are too small to judge, with their counts, as text."""
    return [
        f"{one['attribute']}: {one['value']} ({one['n_malignant']} of {one['n']} malignant)"
        for one in _slices_of(metrics)
        if not one["judged"]
    ]


def interval_texts(interval: Mapping[str, float | None]) -> tuple[str, str]:
    """Return an interval's value and its two ends as text, ``–`` where not defined."""
    value, low, high = (interval[name] for name in ("value", "low", "high"))
    ends = "–" if low is None or high is None else f"{low:.3f}–{high:.3f}"
    return "–" if value is None else f"{value:.3f}", ends


def _results(spec: BundleSpec) -> Iterable[str]:
    metrics = spec.metrics
    if not metrics:
        yield "Not evaluated yet."
        return
    malignant = f", {metrics['n_malignant']} of them malignant" if "n_malignant" in metrics else ""
    yield (
        f"On {metrics['n']} images{malignant}, in {metrics['n_groups']} groups (lesions, or images "
        f"where none is known). Data: {', '.join(metrics['data'])}; {metrics['split']}. "
        f"{metrics['n_skipped']} images could not be read. Intervals hold "
        f"{metrics['bootstrap']['level']:.0%} of {metrics['bootstrap']['draws']} bootstrap draws "
        "of whole groups."
    )
    if known := known_in_words(metrics.get("known", {}), metrics["n"]):
        yield f"**Warning**: {known}."
    if outlines := metrics.get("outlines"):
        yield (
            f"Regions were shown by {in_words(outlines['by'])}; {outlines['n_shown_whole']} images "
            "had no lesion in theirs and were shown whole."
        )
    yield _table(("metric", "value", "interval"), headline_rows(spec.task, metrics))
    if points := metrics.get("operating_points"):
        yield "At each operating point, with intervals:"
        rows = [
            (name, *(f"{value} ({ends})" for _, value, ends in rate_rows(point)))
            for name, point in points.items()
        ]
        yield _table(("operating point", *RATES), rows)


def _slices(spec: BundleSpec) -> Iterable[str]:
    """Say for whom it works worse, where that was measured."""
    if not _slices_of(spec.metrics):
        return
    about = spec.metrics["slices"]
    yield "## For whom"
    yield (
        f"Each kind of patient and lesion by itself, at {about['operating_point']}, **the worst "
        "first**: the least sensitivity; where no image is malignant, the least specificity, after "
        "the others. The last column is the mean probability minus the share that was malignant; "
        "above 0 the risk is overstated. Among so many slices some look bad by chance: the "
        "intervals tell how far."
    )
    if rows := slice_rows(spec.metrics):
        yield _table(SLICE_HEAD, ([_cell(text) for text in row] for row in rows))
    if small := too_small_slices(spec.metrics):
        yield (
            f"Too small to judge (fewer than {about['min_images']} images, or than "
            f"{about['min_of_class']} of a class that it has): {_cell('; '.join(small))}."
        )


def _reliability(spec: BundleSpec) -> Iterable[str]:
    """Show whether the probabilities come true, where that was measured."""
    if bins := spec.metrics.get("reliability"):
        yield "## Do the probabilities come true"
        yield f"![Share of malignant images against the predicted probability]({DIAGRAM})"
        furthest = max(bins, key=_gap)
        yield (
            "Each dot is a bin of probabilities, its area the number of images in it, the line its "
            "interval; on the diagonal the probabilities come true. Furthest from it, beside what "
            f"chance explains: of {furthest['n']} images with a mean probability of "
            f"{furthest['mean_probability']:.2f}, {furthest['n_malignant']} were malignant."
        )


def _diagnoses(spec: BundleSpec) -> Iterable[str]:
    """Tell how well each diagnosis is told from all others, where that was measured."""
    if measured := spec.metrics.get("diagnoses"):
        yield "## Which diagnosis"
        value, ends = interval_texts(measured["accuracy"])
        yield (
            f"Of {measured['n']} images with one of these diagnoses, the one with the greatest "
            f"share was right for {value} of them ({ends}). Each against all others:"
        )
        yield _table(
            ("diagnosis", "images", "called so rightly", "AUC", "interval"),
            [
                (
                    name,
                    str(sum(measured["confusion"][name].values())),
                    str(measured["confusion"][name][name]),
                    *interval_texts(auc),
                )
                for name, auc in measured["auc"].items()
            ],
        )


def _gap(one: Mapping[str, Any]) -> float:
    """Return how far a bin's mean probability lies outside its share's interval."""
    share, predicted = one["share_malignant"], one["mean_probability"]
    return float(max(share["low"] - predicted, predicted - share["high"]))


def _slices_of(metrics: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = metrics.get("slices", {}).get("worst_first", ())
    return found


def _decision(spec: BundleSpec) -> Iterable[str]:
    what = "A pixel is lesion" if spec.task == "segmentation" else "A lesion is called malignant"
    yield f"{what} from the threshold on. The default is **{spec.default_operating_point}**."
    rows = [
        (name, f"{point.threshold:.4f}", point.rule)
        for name, point in spec.operating_points.items()
    ]
    yield _table(("operating point", "threshold", "chosen by"), rows)
    yield from _guarantees(spec)
    height, width = spec.input.size_px
    yield (
        f"The network sees {height} × {width} pixels (height × width); an image keeps its aspect "
        "ratio, and its edge pixels fill what is left."
    )
    if (region := spec.input.region) is not None:
        yield f"It is shown {region}. Where no lesion is found, it is shown the whole frame."
    if steps := spec.input.preprocessing:
        yield f"What it is shown goes through these steps first: {', '.join(steps)}."
    if spec.refine:
        yield "Of the mask, the largest part is kept, its holes filled and its border smoothed."
    if (quality := spec.outline_quality) is not None:
        yield (
            f"Of each outline it tells what Jaccard to expect, as fitted on {quality.n} validation "
            f"images; below {quality.review_below:.2f} a person should look at the outline."
        )
    if spec.calibration is not None:
        yield (
            "Probabilities are calibrated: sigmoid("
            f"{spec.calibration.scale:.4f} · logit {spec.calibration.bias:+.4f})."
        )
    if spec.diagnoses:
        measured = "" if "diagnoses" in spec.metrics else ", were not evaluated,"
        yield (
            f"It also shares out 100 % among the diagnoses {', '.join(spec.diagnoses)}. These "
            f"shares are not calibrated{measured} and take no part in the decision."
        )


def _guarantees(spec: BundleSpec) -> Iterable[str]:
    guaranteed = {
        name: point.guarantee for name, point in spec.operating_points.items() if point.guarantee
    }
    if not guaranteed:
        return
    yield "What these thresholds promise of a further malignant lesion (conformal risk control):"
    yield _bullets(
        f"**{name}** finds it with a chance of at least {one.expected_sensitivity:.0%}, on average "
        f"over validation parts like this one. With {one.confidence:.0%} confidence over the "
        f"lesions that fell into this one, the chance is at least {one.sensitivity:.1%}. This "
        f"rests on {one.n_malignant_lesions} malignant lesions."
        for name, one in guaranteed.items()
    )
    yield (
        "A lesion with several images counts by the share of them that is found. The promise needs "
        "no assumption about the net or the scores, but it holds only for lesions that could as "
        "well have been in the validation part: of the same clinics, cameras and mix of diagnoses. "
        "Elsewhere it is none. Nor does it count that the validation part also chose the epoch of "
        "the weights."
    )


def _limits(spec: BundleSpec) -> Iterable[str]:
    yield "Made for dermoscopic images of single skin lesions; on other photos it is not tested."
    yield "Results are not broken down by skin type; on darker skin they may be worse."
    yield "Cameras, clinics and lesion types unlike those of the data may give worse results."
    yield from spec.notes
    metrics = spec.metrics
    if not metrics:
        return
    if spec.task == "segmentation":
        value, ends = _percent(metrics["failure_rate"])
        yield (
            f"On {value} ({ends}) of the test images the outline failed (Jaccard below "
            f"{FAILED_BELOW_JACCARD})."
        )
        return
    point = metrics["operating_points"][spec.default_operating_point]
    yield (
        f"At {spec.default_operating_point} it missed {point['fn']} of "
        f"{point['fn'] + point['tp']} malignant images, and {point['fp']} of the "
        f"{point['fp'] + point['tp']} that it called malignant were benign."
    )


def _training(spec: BundleSpec) -> Iterable[str]:
    yield f"Trained on: {', '.join(spec.trained_on) or 'not stated'}."
    if spec.recipe:
        yield "The recipe is in `bundle.json`, under `recipe`."
    if spec.versions:
        yield _bullets(f"{name} {version}" for name, version in sorted(spec.versions.items()))


def _with_ends(interval: Mapping[str, float | None], between: str, sign: str = "") -> str:
    if any(number is None for number in interval.values()):
        return "–"
    value, low, high = (f"{interval[name]:{sign}.3f}" for name in ("value", "low", "high"))
    return f"{value} ({low}{between}{high})"


def _percent(interval: Mapping[str, float]) -> tuple[str, str]:
    return f"{interval['value']:.1%}", f"{interval['low']:.1%}–{interval['high']:.1%}"


def _at(metrics: Mapping[str, Any], path: str) -> Mapping[str, float | None]:
    value: Any = metrics
    for key in path.split("."):
        value = value[key]
    interval: Mapping[str, float | None] = value
    return interval


def _cell(text: str) -> str:
    # What a data set's table calls a thing must not break the card's.
    return " ".join(text.split()).replace("|", "\\|")


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
