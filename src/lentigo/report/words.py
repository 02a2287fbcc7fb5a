"""What a finding means, in sentences; pages and reports all take them from here."""

from typing import Final

from pydantic import BaseModel, ConfigDict

from lentigo.bundle import BundleSpec
from lentigo.runtime.evidence import Evidence, Measured, ScoredAlike
from lentigo.runtime.finding import Finding

DIAGNOSES: Final = {
    "nv": "melanocytic nevus",
    "mel": "melanoma",
    "bkl": "benign keratosis",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis, Bowen",
    "vasc": "vascular lesion",
    "df": "dermatofibroma",
}
"""HAM10000's abbreviations in words; another bundle's names stand as they are."""


class Words(BaseModel):
    """A finding in sentences.

    Attributes:
        decision: What it is called, and why.
        frequency: How often lesions scored like this were malignant; None for a refused image.
        counts: The images that this was counted on; None where the bundle does not tell.
        point: How the operating point did; None for a refused image, and where the classifier's
            bundle does not tell.
        diagnoses: What each diagnosis's name stands for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: str
    frequency: str | None
    counts: str | None
    point: str | None
    diagnoses: dict[str, str]


def in_words(finding: Finding, classifier: BundleSpec) -> Words:
    """Return what a finding means.

    Args:
        finding: Made with the classifier.
        classifier: Its bundle's index.
    """
    evidence, risk = Evidence.of(classifier), finding.probability_malignant
    alike = evidence.scored_like(risk) if evidence and risk is not None else None
    return Words(
        decision=_decision(finding),
        frequency=None if risk is None else _frequency(risk, alike, classifier),
        counts=_counts(alike, evidence) if evidence and alike else None,
        point=_point(finding.operating_point.name, evidence)
        if evidence and risk is not None
        else None,
        diagnoses={name: DIAGNOSES.get(name, name) for name in finding.diagnoses or {}},
    )


def headline(finding: Finding) -> str:
    """Return the answer in a few words, such as ``5 % risk, called benign``."""
    if finding.probability_malignant is None:
        return "Not scored: does not look like dermoscopy"
    return f"{percent(finding.probability_malignant)} risk, called {finding.decision}"


def percent(share: float) -> str:
    """Return a share of 0–1 as a percentage that never rounds to a false certainty.

    Example:
        >>> percent(0.314), percent(0.0004), percent(0.999)
        ('31 %', '< 1 %', '> 99 %')
    """
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share:.0%}".replace("%", " %")


def _decision(finding: Finding) -> str:
    risk, point = finding.probability_malignant, finding.operating_point
    if finding.refusal is not None:
        return f"Not scored: {finding.refusal.message}."
    assert risk is not None  # a finding without one is a refusal
    reaches = "reaches" if finding.decision == "malignant" else "stays below"
    return (
        f"Called {finding.decision}: {percent(risk)} {reaches} the threshold of "
        f"{percent(point.threshold)} (operating point {point.name})."
    )


def _frequency(risk: float, alike: ScoredAlike | None, classifier: BundleSpec) -> str:
    if alike is not None:
        share = alike.share_malignant.value
        return f"Of 100 lesions scored like this, {_were(share)} malignant in the held-out data."
    if classifier.calibration is None:
        return f"The classifier is not calibrated: {percent(risk)} ranks images, no more."
    return (
        f"Of 100 lesions scored like this, {_were(risk)} malignant in the validation data, by the "
        "curve that was fitted to it; there are too few counts for this score."
    )


def _counts(alike: ScoredAlike, evidence: Evidence) -> str:
    return (
        f"Counted: {alike.n_malignant} of the {alike.n} images scored from {percent(alike.low)} to "
        f"{percent(alike.high)} ({_interval(alike.share_malignant)}; {evidence.source})."
    )


def _were(share: float) -> str:
    """Return a share as a count of a hundred, with its verb; next to none is not none."""
    count = round(100 * share)
    if count == 0:
        return "fewer than 1 was" if share else "none was"
    return f"about {count} {'was' if count == 1 else 'were'}"


def _point(name: str, evidence: Evidence) -> str | None:
    rates = evidence.operating_points.get(name)
    if rates is None:
        return None
    found, spared = rates.sensitivity, rates.specificity
    alarms = Measured(value=1 - spared.value, low=1 - spared.high, high=1 - spared.low)
    return (
        f"At this operating point {percent(found.value)} of the malignant images in the held-out "
        f"data were called malignant ({_interval(found)}), and so were {percent(alarms.value)} of "
        f"the benign ones ({_interval(alarms)})."
    )


def _interval(measured: Measured) -> str:
    return f"95 % interval {100 * measured.low:.0f}–{100 * measured.high:.0f} %"
