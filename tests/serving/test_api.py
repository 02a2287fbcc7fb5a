"""``/v1``: what comes out for what goes in."""

import base64
import json
import logging
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image
from serving_client import ANALYZE, MakeClient, png_of, problem

from lentigo.bundle import Bundle
from lentigo.cli import app
from lentigo.cli.common import run
from lentigo.runtime.analyzer import Analyzer

PNG = {"content-type": "image/png"}


def test_a_finding_is_what_the_command_line_writes(
    client: TestClient,
    photo: bytes,
    tmp_path: Path,
    segmenter_bundle: Bundle,
    classifier_bundle: Bundle,
) -> None:
    (tmp_path / "photo.png").write_bytes(photo)
    bundles = ("--segmenter", segmenter_bundle.path, "--classifier", classifier_bundle.path)
    options = ("--out", tmp_path / "out", *bundles, "--engine", "onnxruntime", "--no-gate")
    assert run(app, ["analyze", str(tmp_path / "photo.png"), *map(str, options)]) == 0
    written = json.loads((tmp_path / "out" / "images" / "photo" / "finding.json").read_text())
    told = client.post(ANALYZE, files={"image": photo})
    assert told.status_code == 200
    assert told.json() == written | {"image": None}
    assert client.post(ANALYZE, content=photo, headers=PNG).json() == told.json()


def test_pictures_come_when_asked_for(
    client: TestClient, analyzer: Analyzer, photo: bytes, dark_disc: NDArray[np.uint8]
) -> None:
    pictures = analyzer.analyze(dark_disc).pictures
    told = client.post(ANALYZE, params={"overlay": "png", "mask": "png"}, files={"image": photo})
    overlay, mask = (_decoded(told.json()[name]["base64"]) for name in ("overlay", "mask"))
    assert np.array_equal(overlay, pictures.overlay)
    assert np.array_equal(mask == 255, pictures.mask)
    told = client.post(ANALYZE, params={"mask": "rle"}, files={"image": photo}).json()
    assert "overlay" not in told
    values = np.arange(len(told["mask"]["counts"])) % 2 == 1
    rows = np.repeat(values, told["mask"]["counts"]).reshape(told["mask"]["size"], order="F")
    assert np.array_equal(rows, pictures.mask)


def _decoded(text: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(base64.b64decode(text))))


def test_what_is_not_dermoscopy_is_a_finding_that_says_so(
    make_client: MakeClient, segmenter_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    gated = Analyzer(segmenter_bundle, classifier_bundle, engine="onnxruntime")
    noise = png_of(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8))
    client = make_client(gated)
    told = client.post(ANALYZE, params={"mask": "rle", "overlay": "png"}, files={"image": noise})
    assert told.status_code == 200
    assert told.json()["decision"] == "refused"
    assert told.json()["refusal"]["code"] == "not-dermoscopy"
    assert told.json()["mask"] is None


def test_a_corrected_outline_is_measured_in_place_of_the_segmenters(
    client: TestClient, photo: bytes
) -> None:
    outline = np.zeros((120, 160), np.uint8)
    outline[10:50, 20:60] = 255
    files = {"image": photo, "outline": png_of(outline)}
    told = client.post(ANALYZE, params={"mask": "rle"}, files=files).json()
    assert told["outline_by"] == "caller"
    assert told["measurements"]["area_px"] == pytest.approx(1600, rel=0.02)
    assert sum(told["mask"]["counts"][1::2]) == 1600


@pytest.mark.parametrize(
    ("outline", "expected"),
    [
        (png_of(np.full((160, 120), 255, np.uint8)), (422, "does-not-fit")),
        (png_of(np.zeros((120, 160), np.uint8)), (422, "empty-outline")),
        (b"\xff\xd8\xff\xe0 a JPEG", (415, "not-an-image")),
        (b"", (400, "empty")),
        (png_of(np.zeros((120, 160), np.uint8))[:60], (422, "damaged")),
    ],
)
def test_an_outline_that_cannot_be_one_is_refused(
    client: TestClient, photo: bytes, outline: bytes, expected: tuple[int, str]
) -> None:
    told = client.post(ANALYZE, files={"image": photo, "outline": outline})
    assert problem(told) == expected
    assert "outline" in told.json()["detail"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (400, "empty")),
        (b"words, not an image", (415, "not-an-image")),
        (b"%PDF-1.7", (415, "not-an-image")),
        (b"\x89PNG\r\n\x1a\nand then nothing", (422, "damaged")),
    ],
)
@pytest.mark.parametrize("form", [True, False])
def test_what_is_no_image_is_refused_in_words(
    client: TestClient, content: bytes, expected: tuple[int, str], form: bool
) -> None:
    how = {"files": {"image": content}} if form else {"content": content, "headers": PNG}
    assert problem(client.post(ANALYZE, **how)) == expected


def test_an_image_of_too_many_pixels_is_refused(client: TestClient) -> None:
    stream = BytesIO()
    Image.new("1", (10_000, 9_000)).save(stream, "PNG")
    assert problem(client.post(ANALYZE, files={"image": stream.getvalue()})) == (413, "too-large")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"files": {"photo": b"x"}}, (422, "unknown-part")),
        ({"files": [("image", b"x"), ("image", b"y")]}, (422, "part-twice")),
        ({"files": {"outline": b"x"}}, (422, "no-image")),
        ({"data": {"image": "x"}}, (415, "content-type")),
        ({"json": {"image": "x"}}, (415, "content-type")),
        (
            {"content": b"x", "headers": PNG | {"content-encoding": "gzip"}},
            (415, "content-encoding"),
        ),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, (400, "bad-form")),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            (400, "bad-form"),
        ),
        (
            {
                "content": b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\nx',
                "headers": {"content-type": "multipart/form-data; boundary=b"},
            },
            (400, "bad-form"),
        ),
        ({"params": {"mask": "jpeg"}, "files": {"image": b"x"}}, (422, "bad-query")),
    ],
)
def test_a_body_of_another_kind_is_refused_in_words(
    client: TestClient, how: dict[str, object], expected: tuple[int, str]
) -> None:
    assert problem(client.post(ANALYZE, **how)) == expected


def test_paths_and_methods_that_do_not_exist_are_problems_too(client: TestClient) -> None:
    assert problem(client.get("/etc/passwd")) == (404, "not-found")
    refused = client.get(ANALYZE)
    assert problem(refused) == (405, "wrong-method")
    assert refused.headers["allow"] == "POST"


def test_nothing_that_a_caller_sends_is_told_or_logged(
    client: TestClient, dark_disc: NDArray[np.uint8], caplog: pytest.LogCaptureFixture
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET-NAME"
    exif.get_ifd(0x8825)[29] = "SECRET-PLACE"
    stream = BytesIO()
    Image.fromarray(dark_disc).save(stream, "JPEG", exif=exif)
    assert b"SECRET-PLACE" in stream.getvalue()
    name = "../../SECRET-FILE.jpg"
    with caplog.at_level(logging.DEBUG):
        found = client.post(ANALYZE, files={"image": (name, stream.getvalue(), "SECRET/type")})
        lost = client.post("/v1/SECRET?patient=SECRET", headers={"x-request-id": "SECRET"})
    assert found.status_code == 200
    assert lost.status_code == 404
    assert "SECRET" not in found.text + lost.text + str(found.headers) + str(lost.headers)
    lines = [record.getMessage() for record in caplog.records if "lentigo" in record.name]
    assert len(lines) == 2
    assert "SECRET" not in "".join(lines)


def test_a_fault_of_the_servers_own_is_a_problem_without_details(
    make_client: MakeClient, analyzer: Analyzer, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            return getattr(analyzer, name)

        def analyze_batch(self, *_: object) -> object:
            raise RuntimeError("inner words")

        analyze = analyze_batch

    told = make_client(Broken()).post(ANALYZE, files={"image": photo})
    assert problem(told) == (500, "internal")
    assert "inner words" not in told.text
    assert "inner words" in caplog.text
    assert "content-security-policy" in told.headers


def test_bundles_are_told_with_their_sums(
    client: TestClient, segmenter_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    told = client.get("/v1/bundles")
    assert [one["sha256"] for one in told.json()["bundles"]] == [
        segmenter_bundle.sha256,
        classifier_bundle.sha256,
    ]
    assert str(segmenter_bundle.path.parent) not in told.text


def test_a_bundle_changed_on_disk_is_not_ready_and_its_findings_keep_its_sum(
    make_client: MakeClient,
    segmenter_bundle: Bundle,
    classifier_bundle: Bundle,
    tmp_path: Path,
    photo: bytes,
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(classifier_bundle.path, copy)
    client = make_client(Analyzer(segmenter_bundle, copy, engine="onnxruntime", gate=False))
    assert client.get("/readyz").status_code == 200
    (copy / "model.onnx").touch()
    assert client.get("/readyz").status_code == 200  # the content is the same
    content = (copy / "model.onnx").read_bytes()
    (copy / "model.onnx").write_bytes(content + b"more")
    unready = client.get("/readyz")
    assert problem(unready) == (503, "not-ready")
    assert "'dark-is-malignant' was changed" in unready.json()["detail"]
    assert client.get("/healthz").status_code == 200
    told = client.post(ANALYZE, files={"image": photo}).json()
    assert told["made_with"]["classifier"]["sha256"] == classifier_bundle.sha256
    (copy / "model.onnx").write_bytes(content)
    assert client.get("/readyz").status_code == 200


def test_what_happened_is_counted(client: TestClient, photo: bytes) -> None:
    client.post(ANALYZE, files={"image": photo})
    client.post(ANALYZE, files={"image": b"words"})
    client.get("/a/path/of/a/caller")
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    lines = told.text.splitlines()
    found = 'lentigo_requests_total{method="POST",route="/v1/analyze",status="200"} 1.0'
    for line in (
        found,
        'lentigo_refusals_total{reason="not-an-image"} 1.0',
        'lentigo_request_seconds_count{route="/v1/analyze"} 2.0',
        'lentigo_requests_total{method="GET",route="other",status="404"} 1.0',
        "lentigo_queue_length 0.0",
    ):
        assert line in lines
    assert any(line.startswith("lentigo_decisions_total{") for line in lines)
    assert "caller" not in told.text
