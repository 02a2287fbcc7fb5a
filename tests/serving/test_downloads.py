"""``/v1/report`` and ``/v1/segmentation``: a finding as a file; and the choice of a point."""

import json
import sqlite3
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import rgb_file
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image
from serving_client import ANALYZE, MakeClient, png_of, problem

from lentigo.bundle import Bundle
from lentigo.runtime.analyzer import Analyzer
from lentigo.serving import downloads

REPORT, SEGMENTATION = "/v1/report", "/v1/segmentation"
NOTICE = "Research use only: not a medical device, not a diagnosis."


@pytest.mark.parametrize("route", [ANALYZE, REPORT, SEGMENTATION])
def test_an_operating_point_that_does_not_exist_is_refused_with_those_that_do(
    client: TestClient, photo: bytes, route: str
) -> None:
    told = client.post(route, params={"operating_point": "x"}, files={"image": photo})
    assert problem(told) == (422, "bad-query")
    assert "there are balanced, cautious" in told.json()["detail"]


def test_another_operating_point_decides_and_is_stored(
    make_client: MakeClient, photo: bytes, tmp_path: Path
) -> None:
    client = make_client(store=tmp_path)
    own = client.post(ANALYZE, files={"image": photo}).json()
    other = client.post(
        ANALYZE, params={"operating_point": "cautious"}, files={"image": photo}
    ).json()
    assert (own["decision"], other["decision"]) == ("benign", "malignant")
    assert own["probability_malignant"] == other["probability_malignant"]
    assert other["operating_point"]["name"] == "cautious"
    client.post(REPORT, params={"operating_point": "cautious"}, files={"image": photo})
    with sqlite3.connect(tmp_path / "audit.sqlite") as store:
        told = [row[0] for row in store.execute("SELECT decision FROM findings ORDER BY id")]
    assert told == ["benign", "malignant", "malignant"]


def test_a_finding_comes_with_words_and_the_photo_when_asked_for(
    client: TestClient, photo: bytes, dark_disc: NDArray[np.uint8]
) -> None:
    import base64

    asked = {"words": "en", "preview": "png"}
    told = client.post(ANALYZE, params=asked, files={"image": photo}).json()
    shown = Image.open(BytesIO(base64.b64decode(told["preview"]["base64"])))
    assert np.array_equal(np.asarray(shown), dark_disc)
    assert told["words"]["decision"].startswith("Called benign: ")
    assert "words" not in client.post(ANALYZE, files={"image": photo}).json()


def test_a_report_is_a_page_that_needs_nothing_else(client: TestClient, photo: bytes) -> None:
    told = client.post(REPORT, files={"image": photo})
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert told.headers["content-disposition"] == 'attachment; filename="lentigo-report.html"'
    assert "sandbox" in told.headers["content-security-policy"]
    text = told.text
    assert text.count(NOTICE) == 2
    assert "called benign</h1>" in text
    assert text.index("</h1>") < text.index("<h2>Measurements")
    assert "http" not in text.replace("data:image/jpeg;base64", "")
    assert "<script" not in text
    assert client.get("/v1/bundles").json()["bundles"][1]["sha256"] in text


def test_a_report_is_a_pdf_of_one_page(client: TestClient, photo: bytes) -> None:
    told = client.post(REPORT, params={"format": "pdf"}, files={"image": photo})
    assert told.headers["content-type"] == "application/pdf"
    assert told.content.startswith(b"%PDF-")
    assert told.content.count(b"/Type /Page\n") == 1


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_an_image_that_is_refused_has_a_report_that_says_so(
    make_client: MakeClient, segmenter_bundle: Bundle, classifier_bundle: Bundle, kind: str
) -> None:
    gated = Analyzer(segmenter_bundle, classifier_bundle, engine="onnxruntime")
    noise = png_of(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8))
    told = make_client(gated).post(REPORT, params={"format": kind}, files={"image": noise})
    assert told.status_code == 200
    if kind == "html":
        assert "Not scored" in told.text
        assert "probability" not in told.text.split("<h2>How this was made")[0].lower()


def test_a_corrected_outline_is_told_in_the_report(client: TestClient, photo: bytes) -> None:
    outline = np.zeros((120, 160), np.uint8)
    outline[10:50, 20:60] = 255
    told = client.post(REPORT, files={"image": photo, "outline": png_of(outline)})
    assert "The outline is corrected by hand" in told.text


def test_a_dicom_images_outline_goes_into_its_study(client: TestClient, tmp_path: Path) -> None:
    image = rgb_file(tmp_path / "image.dcm")
    told = client.post(SEGMENTATION, files={"image": image.read_bytes()})
    assert told.headers["content-type"] == "application/dicom"
    written, source = pydicom.dcmread(BytesIO(told.content)), pydicom.dcmread(image)
    assert written.StudyInstanceUID == source.StudyInstanceUID
    assert written.PatientID == source.PatientID
    (referred,) = written.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert referred.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert written.SegmentSequence[0].SegmentAlgorithmType == "AUTOMATIC"


def test_another_images_outline_goes_into_a_study_of_nobodys(
    client: TestClient, photo: bytes, analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    first, again = (
        pydicom.dcmread(BytesIO(client.post(SEGMENTATION, files={"image": photo}).content))
        for _ in range(2)
    )
    assert np.array_equal(first.pixel_array == 1, analyzer.analyze(dark_disc).pictures.mask)
    assert str(first.PatientName) + first.PatientID + first.PatientBirthDate == ""
    assert first.StudyInstanceUID == again.StudyInstanceUID
    assert first.SOPInstanceUID != again.SOPInstanceUID


def test_a_callers_outline_is_written_as_manual(client: TestClient, photo: bytes) -> None:
    outline = np.zeros((120, 160), np.uint8)
    outline[10:50, 20:60] = 255
    files = {"image": photo, "outline": png_of(outline)}
    written = pydicom.dcmread(BytesIO(client.post(SEGMENTATION, files=files).content))
    assert written.pixel_array.sum() == 1600
    assert written.SegmentSequence[0].SegmentAlgorithmType == "MANUAL"
    assert "SegmentationAlgorithmIdentificationSequence" not in written.SegmentSequence[0]


def test_no_lesion_is_no_segmentation(client: TestClient) -> None:
    bright = png_of(np.full((100, 100, 3), 230, np.uint8))
    told = client.post(SEGMENTATION, files={"image": bright})
    assert problem(told) == (422, "no-lesion")
    assert "no lesion was found" in told.json()["detail"]


def test_a_server_without_dicom_says_what_to_install(
    client: TestClient, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "has_dicom", lambda: False)
    told = client.post(SEGMENTATION, files={"image": photo})
    assert problem(told) == (501, "no-dicom")
    assert "pip install 'lentigo[dicom]'" in told.json()["detail"]


def test_the_page_is_served_to_all_with_a_policy_of_its_own(
    make_client: MakeClient, tmp_path: Path
) -> None:
    from lentigo.serving.tokens import make_token

    token = make_token("clinic", tmp_path / "tokens")
    client = make_client(token_file=tmp_path / "tokens")
    page = client.get("/")
    assert page.status_code == 200
    assert token not in page.text
    assert NOTICE in page.text
    for path in ("/", "/viewer/main.js", "/viewer/style.css", "/viewer/palette.css"):
        told = client.get(path)
        policy = told.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["cache-control"] == "no-cache"
    again = {"if-none-match": client.get("/viewer/main.js").headers["etag"]}
    assert client.get("/viewer/main.js", headers=again).status_code == 304
    assert problem(client.get("/viewer/%2e%2e/app.py")) == (404, "not-found")
    assert problem(client.post(REPORT, files={"image": b"x"})) == (401, "no-token")


def test_the_page_asks_only_this_server_and_puts_no_markup_together() -> None:
    page = Path(downloads.__file__).parent / "page"
    for path in page.iterdir():
        text = path.read_text()
        assert "innerHTML" not in text, path
        assert "://" not in text.replace("http://www.w3.org/2000/svg", ""), path
    index = (page / "index.html").read_text()
    assert " style=" not in index
    assert "onclick" not in index
    assert json.dumps(NOTICE)[1:-1] in index
