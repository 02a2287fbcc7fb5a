"""The report of one image: what it says, and as a self-contained HTML file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from PIL import Image

from lentigo.bundle import BundleSpec
from lentigo.report.page import Reason, data_uri, diagnoses_in_words, environment, reasons
from lentigo.report.words import Words, headline, in_words
from lentigo.runtime.finding import NOTICE, Finding

PICTURE_PX = 640


class Shown(NamedTuple):
    """A picture and what it shows."""

    caption: str
    image: Image.Image


@dataclass(frozen=True)
class SingleReport:
    """What the report of one image says, whatever its format.

    Attributes:
        finding: What was found.
        words: The same in sentences.
        pictures: The photo with its outline; the heat map and the crop where there are such.
        reasons: Measurements and the outline's quality.
        diagnoses: Each diagnosis in words with its share, the greatest first.
        made_at: When, in UTC.
    """

    finding: Finding
    words: Words
    pictures: tuple[Shown, ...]
    reasons: tuple[Reason, ...]
    diagnoses: tuple[tuple[str, float], ...]
    made_at: str

    @property
    def headline(self) -> str:
        """The answer."""
        return headline(self.finding)

    @property
    def outline_by(self) -> str:
        """Whose outline it is."""
        by_hand = self.finding.outline_by == "caller"
        return "corrected by hand" if by_hand else "by the segmenter, not checked by a person"


def single_report(finding: Finding, classifier: BundleSpec) -> SingleReport:
    """Return what the report of one image says.

    Args:
        finding: With its pictures.
        classifier: The index of the bundle that scored it.
    """
    measured = finding.measurements
    return SingleReport(
        finding=finding,
        words=in_words(finding, classifier),
        pictures=tuple(_pictures(finding)),
        reasons=reasons(measured, finding.outline_quality) if measured else (),
        diagnoses=diagnoses_in_words(finding),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def render_html(report: SingleReport) -> bytes:
    """Return the report as one HTML file without scripts, its pictures embedded."""
    pictures = [(shown.caption, data_uri(shown.image)) for shown in report.pictures]
    page = environment().get_template("single.html")
    return page.render(
        report=report, finding=report.finding, pictures=pictures, notice=NOTICE
    ).encode()


def _pictures(finding: Finding) -> list[Shown]:
    pictures = finding.pictures
    if pictures is None:
        return []
    caption = "Outline" if finding.lesion_found else "Image, no lesion found"
    shown = [Shown("Image" if finding.refusal else caption, Image.fromarray(pictures.overlay))]
    if finding.heat_map is not None:
        drawn = finding.heat_map.draw(pictures.overlay, finding.size_px)
        caption = "Heat map" if finding.heat_map.visible else "Heat map, empty"
        shown.append(Shown(caption, Image.fromarray(drawn)))
    if pictures.crop is not None:
        shown.append(Shown("Crop", Image.fromarray(pictures.crop)))
    for _, image in shown:
        image.thumbnail((PICTURE_PX, PICTURE_PX))
    return shown
