"""The report of one image, as HTML and as PDF."""

import base64
import re
import zlib

import numpy as np
from numpy.typing import NDArray

from lentigo.bundle import Bundle
from lentigo.report.pdf import render_pdf
from lentigo.report.single import render_html, single_report
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.finding import NOTICE, QualityNote

PAGE = b"/Type /Page\n"


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page, line by line, as the PDF draws it."""
    streams = re.findall(rb"stream\n(.*?)~>\s*endstream", pdf, re.DOTALL)
    drawn = [zlib.decompress(base64.a85decode(one.strip())) for one in streams[-pdf.count(PAGE) :]]
    return [" ".join(re.findall(r"\((.*?)\) Tj", one.decode("latin-1"))) for one in drawn]


def test_what_the_bundle_tells_stands_in_both(
    telling_analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    finding = telling_analyzer.analyze(dark_disc)
    report = single_report(finding, telling_analyzer.classifier.bundle.spec)
    page = render_html(report).decode()
    (sheet,) = pages(render_pdf(report))
    for text in (page, sheet):
        for word in ("melanoma", "odd one", "Heat map", "Crop", "Asymmetry", finding.decision):
            assert word in text


def test_the_headline_says_what_the_percentage_is_of(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    report = single_report(analyzer.analyze(dark_disc), analyzer.classifier.bundle.spec)
    assert re.fullmatch(r"\d+ % risk, called (benign|malignant)", report.headline)


def test_a_refusal_says_once_that_there_is_no_score(
    segmenter_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    careful = Analyzer(segmenter_bundle, classifier_bundle, "onnxruntime")
    finding = careful.analyze(np.full((480, 640, 3), (180, 190, 200), np.uint8))
    report = single_report(finding, classifier_bundle.spec)
    assert finding.decision == "refused"
    assert report.words.decision.lower().count("not scored") == 1


def test_research_use_only_is_plain_on_every_page(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    note = QualityNote(code="much", message="so much to say about this image " * 30)
    finding = analyzer.analyze(dark_disc).model_copy(update={"warnings": (note,) * 8})
    report = single_report(finding, analyzer.classifier.bundle.spec)
    sheets = pages(render_pdf(report))
    assert len(sheets) > 1
    assert all(NOTICE in sheet for sheet in sheets)
    assert render_html(report).decode().count(NOTICE) == 2


def test_odd_signs_and_markup_of_a_bundle_are_shown_as_text(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    note = QualityNote(code="odd", message="<b>5 − 3 ≥ 1 & 読</b>")
    finding = analyzer.analyze(dark_disc).model_copy(update={"warnings": (note,)})
    report = single_report(finding, analyzer.classifier.bundle.spec)
    assert "&lt;b&gt;5 − 3 ≥ 1 &amp; 読&lt;/b&gt;" in render_html(report).decode()
    (sheet,) = pages(render_pdf(report))
    assert "<b>5-3>=1&?</b>" in sheet.replace(" ", "")
