"""The image that results are about: what of its header goes into them."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from highdicom.sr import CodedConcept
from pydicom import Dataset, dcmread
from pydicom.uid import UID, VLPhotographicImageStorage, generate_uid
from pydicom.valuerep import DA, TM

from lentigo.dicom import codes
from lentigo.errors import LentigoError
from lentigo.imaging.arrays import Size
from lentigo.imaging.read import IN_MEMORY

_REQUIRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_MAY_BE_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
_SEXES = ("", "M", "F", "O")


class DicomOutputError(LentigoError):
    """Results that cannot be written as DICOM."""


@dataclass(frozen=True, eq=False)
class Source:
    """An image's header as the written objects take it over.

    Attributes:
        header: The image's attributes without its pixels. Text is decoded, to be written as UTF-8;
            dates, times and a sex that no reader would take are empty; of the frames this is the
            one that was looked at.
        frame: Which frame was looked at, from 1; None for an image of one frame.
    """

    header: Dataset
    frame: int | None

    @property
    def site(self) -> CodedConcept:
        """Where on the body the image says it was taken; skin where it does not say."""
        try:
            region = self.header.AnatomicRegionSequence[0]
            return CodedConcept(region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning)
        except (AttributeError, IndexError, TypeError, ValueError):
            return CodedConcept.from_code(codes.SKIN)

    @property
    def frames(self) -> list[int] | None:
        """The frame numbers that a reference to the image names."""
        return None if self.frame is None else [self.frame]


def read_source(source: Path | bytes, frame: int = 1) -> Source:
    """Read the header of an image that `lentigo.dicom.read` has read.

    Args:
        source: The file's path, or its content.
        frame: Which frame was looked at, from 1.

    Raises:
        DicomOutputError: It does not say which study and series it is of.
        OSError: It cannot be opened.
    """
    path = IN_MEMORY if isinstance(source, bytes) else source
    try:
        header = dcmread(
            BytesIO(source) if isinstance(source, bytes) else source, stop_before_pixels=True
        )
        header.decode()
        frames = int(header.get("NumberOfFrames") or 1)
        _mend(header)
    except OSError:
        raise
    except Exception as error:  # on crafted files parsers raise almost any exception
        fault = f"its header cannot be read ({type(error).__name__})"
        raise DicomOutputError(f"{path}: {fault}") from error
    missing = [name for name in _REQUIRED if not isinstance(header.get(name), UID)]
    if missing:
        fault = f"has no {', '.join(missing)}; results could not say which image they are about"
        raise DicomOutputError(f"{path}: {fault}")
    return Source(header, frame if frames > 1 else None)


def new_source(image_sha256: str, size_px: Size) -> Source:
    """Return a header for an image that is no DICOM: a study of its own, of nobody.

    The same image has the same study, series and instance every time.

    Args:
        image_sha256: SHA-256 of the image's file.
        size_px: Its height and width, upright.
    """
    header = Dataset()
    header.SOPClassUID = VLPhotographicImageStorage
    for keyword in _REQUIRED[1:]:
        setattr(header, keyword, generate_uid(entropy_srcs=[image_sha256, keyword]))
    header.Rows, header.Columns = size_px
    header.Modality = "XC"
    _mend(header)
    return Source(header, None)


def _mend(header: Dataset) -> None:
    header.SpecificCharacterSet = "ISO_IR 192"
    # A Pixel Spacing would ask a segmentation for a Slice Thickness, which skin has not.
    for keyword in ("PixelSpacing", "NumberOfFrames"):
        if keyword in header:
            delattr(header, keyword)
    for keyword in _MAY_BE_EMPTY:
        if header.get(keyword) is None:
            setattr(header, keyword, "")
    for keyword, kind in (("PatientBirthDate", DA), ("StudyDate", DA), ("StudyTime", TM)):
        try:
            kind(header.get(keyword) or None)
        except (TypeError, ValueError):
            setattr(header, keyword, "")
    if header.PatientSex not in _SEXES:
        header.PatientSex = ""
