import csv
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

if find_spec("pydicom") is None or find_spec("highdicom") is None:
    pytest.skip("the extra dicom is not installed", allow_module_level=True)

from dicom_files import DERMOSCOPIC, dataset, rgb_file, saved, with_pixels
from pydicom import dcmread

from lentigo.bundle import Bundle
from lentigo.cli import app
from lentigo.cli.common import run

WITHOUT_PYDICOM = """
import sys

sys.modules |= dict.fromkeys(("pydicom", "highdicom", "pynetdicom"))
from lentigo.cli import main
main()
"""


@pytest.fixture
def models(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> list[str]:
    bundles = ("--segmenter", segmenter_bundle.path, "--classifier", classifier_bundle.path)
    return [*map(str, bundles), "--engine", "onnxruntime", "--no-gate"]


@pytest.fixture
def study(dark_disc: np.ndarray, tmp_path: Path) -> Path:
    """Two images without suffix or with an odd one, and a file that is none."""
    folder = tmp_path / "study"
    folder.mkdir()
    rgb_file(folder / "IM0001", dark_disc)
    ds = dataset(**DERMOSCOPIC, PixelSpacing=[0.05, 0.05])
    ds = with_pixels(ds, [dark_disc.tobytes()], dark_disc.shape, "RGB")
    saved(ds, folder / "1.2.840.99")
    (folder / "README").write_text("no image")
    return folder


def test_a_folder_of_dicom_files_is_analysed_whatever_their_names(
    models: list[str], study: Path, tmp_path: Path
) -> None:
    out, dicom = tmp_path / "out", tmp_path / "out" / "dicom"
    command = ["analyze", str(study), "--out", str(out), "--dicom-out", str(dicom), *models]
    assert run(app, command) == 0
    rows = list(csv.DictReader((out / "findings.csv").open()))
    by_name = {Path(row["image"]).name: row for row in rows}
    assert set(by_name) == {"IM0001", "1.2.840.99"}
    assert by_name["IM0001"]["area_mm2"] == ""
    assert float(by_name["1.2.840.99"]["area_mm2"]) == pytest.approx(7.07, rel=0.03)
    names = {path.name for path in dicom.iterdir()}
    assert names == {
        f"{stem}-{kind}.dcm" for stem in ("IM0001", "1.2.840") for kind in ("seg", "sr")
    }
    text = (out / "findings.json").read_text() + (out / "report.html").read_text()
    assert "Doe" not in text
    assert "4711" not in text
    before = dcmread(dicom / "IM0001-sr.dcm").SOPInstanceUID
    assert run(app, [*command, "--resume"]) == 0
    assert dcmread(dicom / "IM0001-sr.dcm").SOPInstanceUID != before


def test_photos_that_are_not_dicom_get_no_dicom_results(
    models: list[str],
    study: Path,
    mixed_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["analyze", str(study / "IM0001"), str(mixed_folder / "a.png")]
    command += ["--out", str(tmp_path / "out"), "--dicom-out", str(tmp_path / "dicom"), *models]
    assert run(app, command) == 2
    error = capsys.readouterr().err
    assert "1 of 2 images are not DICOM" in error
    assert "a.png" in error
    assert not (tmp_path / "out").exists()


def test_an_image_that_names_no_study_is_analysed_and_told(
    models: list[str], study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ds = dcmread(study / "IM0001")
    del ds.StudyInstanceUID
    ds.save_as(study / "IM0001")
    out = tmp_path / "out"
    command = ["analyze", str(study), "--out", str(out), "--dicom-out", str(out / "dicom"), *models]
    assert run(app, command) == 2
    assert "1 images were analysed and got no DICOM objects" in capsys.readouterr().err
    assert len(list(csv.DictReader((out / "findings.csv").open()))) == 2
    assert (out / "dicom" / "1.2.840-sr.dcm").is_file()


def test_without_the_extra_an_image_says_what_to_install(study: Path, tmp_path: Path) -> None:
    image, out = str(study / "IM0001"), str(tmp_path / "out")
    for command in (
        ["analyze", image, "--out", out],
        ["analyze", image, "--out", out, "--dicom-out", out],
        ["dicom", "listen", "--forward", "A@h:1", "--spool", out],
    ):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_PYDICOM, *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "pip install 'lentigo[dicom]'" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_listener_starts_says_so_and_stops(models: list[str], tmp_path: Path) -> None:
    program = "from lentigo.cli import main; main()"
    command = ["dicom", "listen", "--forward", "A@127.0.0.1:9", "--port", "0", *models]
    command += ["--spool", str(tmp_path / "spool")]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *command], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "LENTIGO listens on 127.0.0.1:" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--forward", "nowhere"], "expected AET@HOST:PORT"),
        (["--forward", "A@h:1", "--aet", "two words"], "is no AE title"),
        (["--forward", "A@h:1", "--caller", "x" * 17], "is no AE title"),
    ],
)
def test_wrong_options_cost_one_line(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["dicom", "listen", "--spool", str(tmp_path), *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1
