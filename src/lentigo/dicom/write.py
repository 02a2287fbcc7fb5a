"""Findings as DICOM files in the study of the image that they are about."""

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from pydicom import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import generate_uid

from lentigo.dicom.identity import Identity
from lentigo.dicom.report import report_of
from lentigo.dicom.segmentation import segmentation_of
from lentigo.dicom.source import DicomOutputError, Source, read_source
from lentigo.files import atomic_open
from lentigo.imaging.arrays import Mask
from lentigo.imaging.read import IN_MEMORY
from lentigo.runtime.finding import Finding

SEG_SERIES, SR_SERIES = 9001, 9002
"""Series numbers, far from those that cameras give."""


class Results(NamedTuple):
    """What is written of one finding.

    Attributes:
        segmentation: The lesion's outline; None where none was found or the image was refused.
        report: The structured report.
    """

    segmentation: Dataset | None
    report: Dataset

    @property
    def objects(self) -> tuple[Dataset, ...]:
        """What there is, the segmentation first, as the report refers to it."""
        return (self.report,) if self.segmentation is None else (self.segmentation, self.report)


class ResultMaker:
    """Makes DICOM objects of findings, for each study one series of each kind."""

    def __init__(self) -> None:
        self._run = str(generate_uid(prefix=None))
        self._made = 0

    def segmentation(self, source: Source, finding: Finding, mask: Mask) -> bytes:
        """Return a finding's Segmentation alone, as the content of a DICOM file.

        Args:
            source: The image.
            finding: What was found.
            mask: bool, of the image's own size, with at least one lesion pixel.

        Raises:
            DicomOutputError: The image's header does not allow for it.
        """
        stream = BytesIO()
        self._made += 1
        try:
            identity = self._identity(source, "SEG", SEG_SERIES)
            written = segmentation_of(source, finding, mask, identity)
            dcmwrite(stream, written, enforce_file_format=True)
        except Exception as error:  # as in make
            fault = f"its header cannot be taken over ({type(error).__name__})"
            raise DicomOutputError(f"{IN_MEMORY}: {fault}; is it a valid DICOM image?") from error
        return stream.getvalue()

    def make(self, path: Path, finding: Finding, mask: Mask | None, frame: int = 1) -> Results:
        """Return a finding's Segmentation and report.

        Args:
            path: The DICOM image that was analysed.
            finding: What was found.
            mask: bool, of the image's own size; None for a refused image.
            frame: Which frame was analysed.

        Raises:
            DicomOutputError: The image's header does not allow for it.
        """
        source = read_source(path, frame)
        self._made += 1
        try:
            return self._make(source, finding, mask)
        except Exception as error:  # what a header may hold and highdicom refuses has no end
            fault = f"its header cannot be taken over ({type(error).__name__})"
            raise DicomOutputError(f"{path}: {fault}; is it a valid DICOM image?") from error

    def _make(self, source: Source, finding: Finding, mask: Mask | None) -> Results:
        segmentation = None
        if mask is not None and mask.any():
            identity = self._identity(source, "SEG", SEG_SERIES)
            segmentation = segmentation_of(source, finding, mask, identity)
        identity = self._identity(source, "SR", SR_SERIES)
        return Results(segmentation, report_of(source, finding, segmentation, identity))

    def _identity(self, source: Source, kind: str, number: int) -> Identity:
        entropy = [self._run, str(source.header.StudyInstanceUID), kind]
        series = generate_uid(entropy_srcs=entropy)
        return Identity(str(series), number, self._made)


def write_object(written: Dataset, path: Path) -> None:
    """Write a DICOM object, whole or not at all.

    Raises:
        DicomOutputError: It holds what no file can, out of the image's header.
        OSError: The file cannot be written.
    """
    try:
        with atomic_open(path) as stream:
            dcmwrite(stream, written, enforce_file_format=True)
    except OSError:
        raise
    except Exception as error:  # what pydicom refuses to encode has no end either
        fault = f"a value of the image's header cannot be written ({type(error).__name__})"
        raise DicomOutputError(f"{path}: {fault}; is it a valid DICOM image?") from error
