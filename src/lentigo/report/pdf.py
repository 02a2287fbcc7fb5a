"""The report of one image as a PDF of one A4 page; needs the extra ``[serve]``."""

from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

from PIL import Image
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table
from reportlab.platypus import Image as Picture

from lentigo.report.single import Shown, SingleReport
from lentigo.report.words import percent
from lentigo.runtime.finding import NOTICE

_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PICTURE_HEIGHT = 52 * mm
_PADDING = 6  # what reportlab leaves free within the margins

_INK, _QUIET, _TRACK = HexColor("#1c1b19"), HexColor("#63605a"), HexColor("#e9e6df")
_CAUTION, _CAUTION_WASH = HexColor("#7a5200"), HexColor("#fdf1d6")
_CALLS: Final = {
    "malignant": HexColor("#a8281c"),
    "benign": HexColor("#1b6a5b"),
    "refused": _QUIET,
}

_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9.5, leading=13, textColor=_INK)
_HEAD = ParagraphStyle("head", _TEXT, fontName="Helvetica-Bold", spaceBefore=8, spaceAfter=3)
_SMALL = ParagraphStyle("small", _TEXT, fontSize=7.5, leading=10, textColor=_QUIET)
_CAPTION = ParagraphStyle("caption", _SMALL, alignment=TA_CENTER)
_WARNING = ParagraphStyle("warning", _TEXT, fontSize=9, leading=12, textColor=_CAUTION)

_PLAIN = str.maketrans({"−": "-", "≥": ">=", "≤": "<=", "→": "->", "π": "pi", "Δ": "d", "⚠": "!"})


def render_pdf(report: SingleReport) -> bytes:
    """Return the report as a PDF: one page, or more where there is much to warn of."""
    stream = BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=26 * mm,
        bottomMargin=14 * mm,
        title=_plain(f"Lentigo: {report.headline}"),
        author="Lentigo",
        subject=_plain(NOTICE),
        lang="en",
    )
    document.build(_content(report), onFirstPage=_frame, onLaterPages=_frame)
    return stream.getvalue()


def _frame(canvas: Canvas, document: SimpleDocTemplate) -> None:
    """Draw what stands on every page: the name, and that this is for research."""
    top = A4[1] - 19 * mm
    canvas.setFillColor(_CAUTION_WASH)
    canvas.roundRect(_MARGIN, top, _WIDTH, 9 * mm, 2 * mm, stroke=0, fill=1)
    canvas.setFillColor(_CAUTION)
    canvas.setFont("Helvetica-Bold", 10.5)
    canvas.drawString(_MARGIN + 4 * mm, top + 3.1 * mm, _plain(NOTICE))
    canvas.drawRightString(A4[0] - _MARGIN - 4 * mm, top + 3.1 * mm, "Lentigo")
    canvas.setFillColor(_QUIET)
    canvas.setFont("Helvetica", 7.5)
    canvas.drawRightString(A4[0] - _MARGIN, 8 * mm, f"page {document.page}")


def _content(report: SingleReport) -> list[Flowable]:
    finding, words = report.finding, report.words
    colour = _CALLS[finding.decision]
    big = ParagraphStyle("big", _TEXT, fontName="Helvetica-Bold", fontSize=21, leading=26)
    big.textColor = colour
    content: list[Flowable] = [_paragraph(report.headline, big), Spacer(0, 4)]
    if finding.probability_malignant is not None:
        risk, threshold = finding.probability_malignant, finding.operating_point.threshold
        content.append(Scale(risk, threshold, colour))
    said = (words.decision, words.frequency, words.counts, words.point)
    content += [_paragraph(sentence, _TEXT, after=3) for sentence in said if sentence]
    content += _warnings(report)
    content += [Spacer(0, 6), _pictures(report.pictures)]
    content += _measurements(report) + _diagnoses(report) + _provenance(report)
    return content


class Scale(Flowable):  # type: ignore[misc]  # reportlab tells no types
    """The risk on a bar from 0 to 100 % with the operating point's threshold.

    Args:
        risk: 0–1.
        threshold: 0–1.
        colour: Of the bar.
    """

    def __init__(self, risk: float, threshold: float, colour: Color) -> None:
        super().__init__()
        self.width, self.height = _WIDTH, 11 * mm
        self._risk, self._threshold, self._colour = risk, threshold, colour

    def draw(self) -> None:
        """Draw on the page's canvas."""
        pen, bottom, high = self.canv, 5 * mm, 3.4 * mm
        pen.setFillColor(_TRACK)
        pen.roundRect(0, bottom, _WIDTH, high, high / 2, stroke=0, fill=1)
        pen.setFillColor(self._colour)
        pen.roundRect(0, bottom, max(self._risk * _WIDTH, high), high, high / 2, stroke=0, fill=1)
        at = self._threshold * _WIDTH
        pen.setFillColor(_INK)
        pen.setStrokeColor(white)
        pen.rect(at - 0.7, bottom - 2, 1.4, high + 4, stroke=0, fill=1)
        pen.setFillColor(_QUIET)
        pen.setFont("Helvetica", 7.5)
        told = f"threshold {percent(self._threshold)}"
        draw = pen.drawString if self._threshold < 0.5 else pen.drawRightString
        draw(at, 0.6 * mm, told)


def _warnings(report: SingleReport) -> list[Flowable]:
    notes = report.finding.warnings
    if not notes:
        return []
    rows = [[_paragraph(f"Caution: {note.message}.", _WARNING)] for note in notes]
    table = Table(rows, colWidths=[_WIDTH])
    table.setStyle([("BACKGROUND", (0, 0), (-1, -1), _CAUTION_WASH)])
    return [Spacer(0, 3), table]


def _pictures(pictures: tuple[Shown, ...]) -> Table:
    column = _WIDTH / 3
    images = [_fitted(shown.image, column - 3 * mm, _PICTURE_HEIGHT) for shown in pictures]
    captions = [_paragraph(shown.caption, _CAPTION) for shown in pictures]
    table = Table([images, captions], colWidths=[column] * len(pictures), hAlign="LEFT")
    flush = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, 0), 1)]
    table.setStyle([("ALIGN", (0, 0), (-1, -1), "CENTER"), ("VALIGN", (0, 0), (-1, 0), "BOTTOM")])
    table.setStyle(flush)
    return table


def _fitted(image: Image.Image, width: float, height: float) -> Picture:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=88)
    stream.seek(0)
    across, down = ImageReader(image).getSize()
    scale = min(width / across, height / down)
    return Picture(stream, across * scale, down * scale)


def _measurements(report: SingleReport) -> list[Flowable]:
    if not report.reasons:
        return []
    names = [_paragraph(reason.name, _SMALL) for reason in report.reasons]
    values = [_paragraph(reason.value, _TEXT) for reason in report.reasons]
    notes = [_paragraph(reason.note, _SMALL) for reason in report.reasons]
    about = (
        f"The outline is {report.outline_by}. Size: diameter of the circle of the lesion's area. "
        "Asymmetry: share without a counterpart when mirrored. Border: perimeter² / (4π · area), 1 "
        "for a circle. Colour: mean distance from the mean colour (CIE 1976). "
    )
    if quality := report.finding.outline_quality:
        about += (
            "Outline: overlap with an expert's (Jaccard) to expect; below "
            f"{quality.review_below:.2f} a person should look at it. "
        )
    about += "None of these makes the probability."
    columns = [_WIDTH / len(names)] * len(names)
    table = Table([names, values, notes], colWidths=columns, hAlign="LEFT")
    sides = ("LEFTPADDING", "TOPPADDING", "BOTTOMPADDING")
    table.setStyle([(side, (0, 0), (-1, -1), 0) for side in sides])
    return [_paragraph("Measurements", _HEAD), table, Spacer(0, 3), _paragraph(about, _SMALL)]


def _diagnoses(report: SingleReport) -> list[Flowable]:
    if not report.diagnoses:
        return []
    told = "; ".join(f"{name} {percent(share)}" for name, share in report.diagnoses)
    return [
        _paragraph("Which diagnosis, not calibrated", _HEAD),
        _paragraph(f"{told}. They rank, and take no part in the decision.", _TEXT),
    ]


def _provenance(report: SingleReport) -> list[Flowable]:
    finding, made = report.finding, report.finding.made_with
    height, width = finding.size_px
    lines = (
        f"{report.made_at}. Lentigo {made.lentigo} on {made.engine}. Operating point "
        f"{finding.operating_point.name}: {finding.operating_point.rule}.",
        f"Image: {width}×{height} pixels, SHA-256 {finding.image_sha256}",
        f"Outline: {made.segmenter.name} in {made.segmenter.precision}, SHA-256 "
        f"{made.segmenter.sha256}",
        f"Probability: {made.classifier.name} in {made.classifier.precision}, SHA-256 "
        f"{made.classifier.sha256}",
    )
    return [_paragraph("How this was made", _HEAD), *(_paragraph(line, _SMALL) for line in lines)]


def _paragraph(text: str, style: ParagraphStyle, after: float = 0) -> Paragraph:
    own = ParagraphStyle(style.name, style, spaceAfter=after or style.spaceAfter)
    return Paragraph(escape(_plain(text)), own)


def _plain(text: str) -> str:
    """Return what the PDF's own fonts can show of a text."""
    return text.translate(_PLAIN).encode("cp1252", "replace").decode("cp1252")
