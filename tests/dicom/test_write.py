import shutil
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pytest
from dicom_files import (
    DERMOSCOPIC,
    dataset,
    jpeg,
    rgb_file,
    saved,
    with_pixels,
)
from pydicom import Dataset, dcmread, uid

from lentigo.dicom.source import DicomOutputError
from lentigo.dicom.write import ResultMaker, Results, write_object
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.finding import NOTICE, Finding

IDENTITY = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID")


def validated(path: Path) -> list[str]:
    """Return what dciodvfy calls errors; skip the test where it is not installed."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]


def dumped(tool: str, path: Path) -> str:
    """Return what a tool of DCMTK prints of a file; skip the test where it is not installed."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed (Debian: dcmtk)")
    command = [tool, *(["+Pl"] if tool == "dsrdump" else []), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def picture(dark_disc: np.ndarray) -> np.ndarray:
    return dark_disc


@pytest.fixture
def image(tmp_path: Path, picture: np.ndarray) -> Path:
    """A valid dermoscopic image with millimetres."""
    ds = dataset(**DERMOSCOPIC, PixelSpacing=[0.05, 0.05])
    ds = with_pixels(ds, [jpeg(picture)], picture.shape, "YBR_FULL_422", uid.JPEGBaseline8Bit)
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = 10
    ds.LossyImageCompressionMethod = "ISO_10918_1"
    return saved(ds, tmp_path / "photo.dcm")


def results_of(analyzer: Analyzer, path: Path) -> tuple[Finding, Results]:
    finding = analyzer.analyze(path)
    assert finding.pictures is not None
    return finding, ResultMaker().make(path, finding, finding.pictures.mask)


def written(results: Results, folder: Path) -> tuple[Path, Path]:
    paths = (folder / "seg.dcm", folder / "sr.dcm")
    for made, path in zip(results.objects, paths, strict=True):
        write_object(made, path)
    return paths


def numbers(report: Dataset) -> dict[tuple[str, str], float]:
    """Return every measurement of a report, by its name and unit."""
    found = {}

    def walk(item: Dataset) -> None:
        for child in item.get("ContentSequence", []):
            if child.ValueType == "NUM":
                value = child.MeasuredValueSequence[0]
                unit = value.MeasurementUnitsCodeSequence[0].CodeValue
                name = child.ConceptNameCodeSequence[0].CodeMeaning
                found[name, unit] = float(value.NumericValue)
            walk(child)

    walk(report)
    return found


def texts(report: Dataset) -> list[str]:
    """Return every text and code of a report."""
    found = []

    def walk(item: Dataset) -> None:
        for child in item.get("ContentSequence", []):
            if child.ValueType == "TEXT":
                found.append(child.TextValue)
            if child.ValueType == "CODE":
                found.append(child.ConceptCodeSequence[0].CodeMeaning)
            walk(child)

    walk(report)
    return found


def test_the_segmentation_is_the_mask_and_says_what_made_it(
    analyzer: Analyzer, image: Path, tmp_path: Path
) -> None:
    finding, results = results_of(analyzer, image)
    path, _ = written(results, tmp_path)
    segmentation = highdicom.seg.segread(path)
    source = dcmread(image, stop_before_pixels=True)
    assert finding.pictures is not None
    mask = segmentation.get_pixels_by_source_instance([source.SOPInstanceUID], [1])[0, ..., 0]
    assert np.array_equal(mask, finding.pictures.mask)
    assert np.array_equal(dcmread(path).pixel_array, finding.pictures.mask)
    assert segmentation.SegmentationType == "BINARY"
    (segment,) = segmentation.SegmentSequence
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Lesion"
    (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
    assert algorithm.AlgorithmName == "dark-is-lesion"
    assert algorithm.AlgorithmVersion == finding.made_with.segmenter.sha256


def test_both_objects_stand_in_the_images_study_and_refer_to_it(
    analyzer: Analyzer, image: Path
) -> None:
    source = dcmread(image, stop_before_pixels=True)
    _, results = results_of(analyzer, image)
    assert results.segmentation is not None
    for made in results.objects:
        assert [made.get(name) for name in IDENTITY] == [source.get(name) for name in IDENTITY]
        assert made.SeriesInstanceUID != source.SeriesInstanceUID
        assert "research use only" in made.SeriesDescription
    referred = results.report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    uids = {each.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for each in referred}
    assert uids == {source.SOPInstanceUID, results.segmentation.SOPInstanceUID}


def test_the_report_holds_what_the_finding_says(
    analyzer: Analyzer, image: Path, tmp_path: Path
) -> None:
    finding, results = results_of(analyzer, image)
    _, path = written(results, tmp_path)
    report = dcmread(path)
    measured = finding.measurements
    assert measured is not None
    assert finding.probability_malignant is not None
    expected = {
        ("Area", "mm2"): measured.area_mm2,
        ("Area", "{pixels}"): measured.area_px,
        ("Equivalent circular diameter", "mm"): measured.equivalent_diameter_mm,
        ("Equivalent circular diameter", "{pixels}"): measured.equivalent_diameter_px,
        ("Share of the image's area", "%"): 100 * measured.area_share,
        ("Asymmetry of shape", "1"): measured.asymmetry,
        ("Border irregularity", "1"): measured.border_irregularity,
        ("Colour variegation", "{delta_e}"): measured.colour_variegation,
        ("Probability of cancer", "%"): 100 * finding.probability_malignant,
        ("Threshold of the operating point", "%"): 50.0,
    }
    assert numbers(report) == pytest.approx(expected, rel=1e-4)
    assert measured.area_mm2 == pytest.approx(np.pi * 30**2 * 0.05**2, rel=0.03)
    said = texts(report)
    assert NOTICE in said
    assert "balanced: by hand" in said
    assert ("Malignant" in said) == (finding.decision == "malignant")
    assert finding.made_with.classifier.sha256 in said
    assert report.CompletionFlag == "COMPLETE"
    assert report.VerificationFlag == "UNVERIFIED"


def test_highdicom_reads_the_report_back(analyzer: Analyzer, image: Path, tmp_path: Path) -> None:
    _, results = results_of(analyzer, image)
    _, path = written(results, tmp_path)
    (group,) = highdicom.sr.srread(path).content.get_planar_roi_measurement_groups()
    assert results.segmentation is not None
    segment = results.segmentation.SegmentSequence[0]
    assert group.tracking_uid == segment.TrackingUID
    assert group.finding_type.meaning == "Skin lesion"
    assert "Area" in [each.name.meaning for each in group.get_measurements()]


def test_without_a_spacing_there_are_no_millimetres(analyzer: Analyzer, tmp_path: Path) -> None:
    disc = np.full((120, 160, 3), 210, np.uint8)
    disc[40:80, 60:100] = 30
    _, results = results_of(analyzer, rgb_file(tmp_path / "a.dcm", disc))
    assert {unit for _, unit in numbers(results.report)} == {"{pixels}", "%", "1", "{delta_e}"}


def test_diagnoses_are_told_as_uncalibrated_shares(
    telling_analyzer: Analyzer, image: Path, tmp_path: Path
) -> None:
    finding, results = results_of(telling_analyzer, image)
    assert finding.diagnoses is not None
    found = numbers(results.report)
    for name, share in finding.diagnoses.items():
        key = (f"Uncalibrated share of {name}", "%")
        assert found[key] == pytest.approx(100 * share, rel=1e-4)


def test_a_refused_image_has_a_reason_and_no_probability(
    analyzer: Analyzer, tmp_path: Path
) -> None:
    bundles = (analyzer.segmenter.bundle, analyzer.classifier.bundle)
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    path = rgb_file(tmp_path / "noise.dcm", noise)
    finding, results = results_of(Analyzer(*bundles, engine="onnxruntime"), path)
    assert finding.refusal is not None
    assert results.segmentation is None
    assert numbers(results.report) == {}
    said = texts(results.report)
    assert "Does not look like dermoscopy" in said
    assert finding.refusal.message in said
    assert NOTICE in said
    write_object(results.report, tmp_path / "sr.dcm")
    assert validated(tmp_path / "sr.dcm") == []


def test_without_a_lesion_the_report_is_about_the_image(analyzer: Analyzer, tmp_path: Path) -> None:
    bright = np.full((120, 160, 3), 210, np.uint8)
    path = rgb_file(tmp_path / "bright.dcm", bright)
    finding, results = results_of(analyzer, path)
    assert not finding.lesion_found
    assert results.segmentation is None
    assert ("Probability of cancer", "%") in numbers(results.report)
    assert any(text.startswith("no-lesion: ") for text in texts(results.report))
    write_object(results.report, tmp_path / "sr.dcm")
    assert validated(tmp_path / "sr.dcm") == []


def test_of_many_frames_the_one_looked_at_is_referred_to(
    analyzer: Analyzer, picture: np.ndarray, tmp_path: Path
) -> None:
    ds = dataset(uid.MultiFrameTrueColorSecondaryCaptureImageStorage)
    frames = [picture.tobytes(), picture[:, ::-1].tobytes()]
    path = saved(with_pixels(ds, frames, picture.shape, "RGB"), tmp_path / "many.dcm")
    _, results = results_of(analyzer, path)
    assert results.segmentation is not None
    (groups,) = results.segmentation.PerFrameFunctionalGroupsSequence
    (image,) = groups.DerivationImageSequence[0].SourceImageSequence
    assert image.ReferencedFrameNumber == 1
    assert "2 frames; this is about frame 1" in " ".join(texts(results.report))
    segmentation, _ = written(results, tmp_path)
    assert validated(segmentation) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"PatientName": "山田^太郎", "SpecificCharacterSet": "ISO_IR 192"},
        {"PatientName": "Müller^Zoë", "SpecificCharacterSet": "ISO_IR 100"},
        {"PatientName": "Иванов^Иван", "SpecificCharacterSet": "ISO_IR 144"},
        {"PatientSex": "X", "PatientBirthDate": ""},
        {"StudyDate": "", "StudyTime": "", "AccessionNumber": None, "StudyID": None},
    ],
)
def test_odd_headers_are_taken_over(
    analyzer: Analyzer, image: Path, tmp_path: Path, changed: dict[str, str | None]
) -> None:
    ds = dcmread(image)
    for keyword, value in changed.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    ds.save_as(image)
    _, results = results_of(analyzer, image)
    for path in written(results, tmp_path):
        assert str(dcmread(path).PatientName) == changed.get("PatientName", "Doe^Jane")
        assert validated(path) == []


def test_the_site_is_the_images_own_or_skin(
    analyzer: Analyzer, image: Path, tmp_path: Path
) -> None:
    _, results = results_of(analyzer, image)
    assert "Skin" in texts(results.report)
    ds, site = dcmread(image), Dataset()
    site.CodeValue, site.CodingSchemeDesignator, site.CodeMeaning = "77568009", "SCT", "Back"
    ds.AnatomicRegionSequence = [site]
    ds.save_as(image)
    _, results = results_of(analyzer, image)
    assert "Back" in texts(results.report)
    assert results.segmentation is not None
    regions = results.segmentation.SegmentSequence[0].AnatomicRegionSequence
    assert regions[0].CodeMeaning == "Back"
    for path in written(results, tmp_path):
        assert validated(path) == []


def test_an_image_that_names_no_study_is_refused(analyzer: Analyzer, image: Path) -> None:
    ds = dcmread(image)
    del ds.StudyInstanceUID
    ds.save_as(image)
    with pytest.raises(DicomOutputError, match="has no StudyInstanceUID"):
        results_of(analyzer, image)


def test_a_run_has_one_series_of_each_kind_in_a_study(
    analyzer: Analyzer, image: Path, tmp_path: Path
) -> None:
    maker, finding = ResultMaker(), analyzer.analyze(image)
    assert finding.pictures is not None
    made = [maker.make(image, finding, finding.pictures.mask) for _ in range(2)]
    for one, other in zip(made[0].objects, made[1].objects, strict=True):
        assert one.SeriesInstanceUID == other.SeriesInstanceUID
        assert one.SOPInstanceUID != other.SOPInstanceUID
        assert (one.InstanceNumber, other.InstanceNumber) == (1, 2)


def test_a_validator_finds_no_error(analyzer: Analyzer, image: Path, tmp_path: Path) -> None:
    _, results = results_of(analyzer, image)
    for path in (image, *written(results, tmp_path)):
        assert validated(path) == []


def test_an_outline_by_hand_is_written_as_manual_and_valid(
    analyzer: Analyzer, image: Path, tmp_path: Path
) -> None:
    drawn = np.zeros(dcmread(image).pixel_array.shape[:2], np.bool_)
    drawn[20:70, 30:90] = True
    finding = analyzer.analyze(image, outline=drawn)
    segmentation, report = written(ResultMaker().make(image, finding, drawn), tmp_path)
    read = highdicom.seg.segread(segmentation)
    assert read.SegmentSequence[0].SegmentAlgorithmType == "MANUAL"
    assert np.array_equal(read.pixel_array, drawn)
    for path in (segmentation, report):
        assert validated(path) == []


def test_dcmtk_reads_both(analyzer: Analyzer, image: Path, tmp_path: Path) -> None:
    _, results = results_of(analyzer, image)
    segmentation, report = written(results, tmp_path)
    assert "BINARY" in dumped("dcmdump", segmentation)
    said = dumped("dsrdump", report)
    assert NOTICE in said
    assert '"Probability of cancer"' in said
