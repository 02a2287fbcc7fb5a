"""The DICOM objects of a whole run, written as its outcomes come in."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from lentigo.dicom.source import DicomOutputError
from lentigo.dicom.write import ResultMaker, write_object
from lentigo.errors import LentigoError
from lentigo.imaging.read import read_mask
from lentigo.imaging.readers import has_reader
from lentigo.runtime.batch import Done, Outcome
from lentigo.runtime.outputs import MASK

SEG_SUFFIX: Final = "-seg.dcm"
SR_SUFFIX: Final = "-sr.dcm"


def check_are_dicom(images: Sequence[Path]) -> None:
    """Refuse images that are no DICOM files: their results would belong to no study.

    Raises:
        DicomOutputError: Some are not; the message names the first.
    """
    others = [image for image in images if not has_reader(image)]
    if others:
        raise DicomOutputError(
            f"--dicom-out: {len(others)} of {len(images)} images are not DICOM, the first is "
            f"{others[0]}; results are written into the image's own study, and such a file is of "
            "none: leave the option out, or give DICOM images alone"
        )


class DicomFolder:
    """Writes ``NAME-seg.dcm`` and ``NAME-sr.dcm`` for each image of a run into one folder.

    Args:
        folder: Where they go; made where missing.

    Attributes:
        faults: What could not be written, and why.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[DicomOutputError] = []
        self._maker = ResultMaker()

    def written(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Yield the outcomes as they come, each with its objects written.

        Raises:
            LentigoError: The folder cannot be written, the disk is full for instance.
        """
        for outcome in outcomes:
            if isinstance(outcome, Done):
                try:
                    self._write(outcome)
                except DicomOutputError as error:
                    self.faults.append(error)
                except OSError as error:
                    fault = f"cannot be written ({error.strerror})"
                    raise LentigoError(f"{self.folder}: {fault}; what is done is kept") from error
            yield outcome

    def _write(self, done: Done) -> None:
        mask_file = done.folder / MASK
        mask = read_mask(mask_file) if done.finding.lesion_found else None
        results = self._maker.make(Path(done.image), done.finding, mask)
        name = done.folder.name
        segmentation, report = (self.folder / f"{name}{end}" for end in (SEG_SUFFIX, SR_SUFFIX))
        report.unlink(missing_ok=True)  # it must not refer to a segmentation that is gone
        if results.segmentation is None:
            segmentation.unlink(missing_ok=True)
        else:
            write_object(results.segmentation, segmentation)
        write_object(results.report, report)
