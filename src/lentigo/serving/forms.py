"""The forms that an answer may have: JSON, a report, a DICOM Segmentation."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import Any, Literal, TypeAlias

import numpy as np
from PIL import Image

from lentigo.bundle import BundleSpec
from lentigo.errors import LentigoError
from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.encode import mask_png
from lentigo.imaging.formats import HEAD_BYTES, foreign_kind
from lentigo.report.pdf import render_pdf
from lentigo.report.single import SingleReport, render_html, single_report
from lentigo.report.words import in_words
from lentigo.serving.problems import Problem
from lentigo.serving.schemas import PngPicture, RunLengths
from lentigo.serving.work import Told

MaskFormat: TypeAlias = Literal["png", "rle"]
ReportFormat: TypeAlias = Literal["html", "pdf"]

PREVIEW_PX = 1024
"""The long side of a preview."""

_RENDERERS: dict[ReportFormat, Callable[[SingleReport], bytes]] = {
    "html": render_html,
    "pdf": render_pdf,
}


@dataclass(frozen=True)
class Json:
    """A finding as JSON, with what was asked for besides.

    Attributes:
        overlay: The photo with its outline.
        mask: The lesion; None: not at all.
        preview: The photo.
        words: What the finding means, by this classifier's index; None: not at all.
    """

    overlay: bool = False
    mask: MaskFormat | None = None
    preview: bool = False
    words: BundleSpec | None = None

    def __call__(self, told: Told) -> bytes:
        """Return the body."""
        finding, pictures = told.finding, told.finding.pictures
        content: dict[str, Any] = finding.model_dump(mode="json")
        if pictures is not None and self.overlay:
            content["overlay"] = _png(pictures.overlay).model_dump()
        if pictures is not None and self.mask:
            content["mask"] = _mask(pictures.mask, self.mask)
        if self.preview:
            content["preview"] = _png(_reduced(told.photo.pixels)).model_dump()
        if self.words is not None:
            content["words"] = in_words(finding, self.words).model_dump()
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()


@dataclass(frozen=True)
class Report:
    """A report for people.

    Attributes:
        format: ``html`` or ``pdf``.
        classifier: The index of the bundle that scores.
    """

    format: ReportFormat
    classifier: BundleSpec

    def __call__(self, told: Told) -> bytes:
        """Return the file."""
        return _RENDERERS[self.format](single_report(told.finding, self.classifier))


def has_dicom() -> bool:
    """Tell whether Segmentations can be written here."""
    return find_spec("highdicom") is not None


def segmentation(told: Told) -> bytes:
    """Return the lesion as a DICOM Segmentation.

    A DICOM image's goes into its study; another's into a study of its own, of nobody.

    Raises:
        Problem: No lesion was found, or the image's header does not allow for it.
    """
    from lentigo.dicom.source import new_source, read_source  # noqa: PLC0415 (an extra)
    from lentigo.dicom.write import ResultMaker  # noqa: PLC0415

    finding, pictures = told.finding, told.finding.pictures
    if pictures is None or pictures.mask is None or not pictures.mask.any():
        why = finding.refusal.message if finding.refusal else "no lesion was found"
        raise Problem(422, "no-lesion", f"image: there is no outline to write: {why}")
    try:
        if foreign_kind(told.image[:HEAD_BYTES]) == "DICOM":
            source = read_source(told.image)
        else:
            source = new_source(str(finding.image_sha256), finding.size_px)
        return ResultMaker().segmentation(source, finding, pictures.mask)
    except LentigoError as error:
        raise Problem(422, "no-dicom-output", str(error)) from error


def _mask(mask: Mask | None, wanted: MaskFormat) -> dict[str, Any] | None:
    if mask is None:
        return None
    if wanted == "rle":
        return run_lengths(mask).model_dump(mode="json")
    return _as_base64(mask_png(mask)).model_dump()


def run_lengths(mask: Mask) -> RunLengths:
    """Return a mask, bool H×W, as run lengths down its columns, the first of what lies outside.

    Example:
        >>> run_lengths(np.array([[True, False], [True, True]])).counts
        (0, 2, 1, 1)
    """
    flat = np.concatenate(([False], mask.ravel(order="F"), [False]))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    bounds = np.concatenate(([0], edges, [mask.size]))
    counts = np.diff(bounds)
    if counts[-1] == 0:  # the mask's last run reaches the end
        counts = counts[:-1]
    height, width = mask.shape
    return RunLengths(size=(height, width), counts=tuple(counts.tolist()))


def _png(pixels: Pixels) -> PngPicture:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=3)
    return _as_base64(stream.getvalue())


def _as_base64(png: bytes) -> PngPicture:
    return PngPicture(base64=base64.b64encode(png).decode())


def _reduced(pixels: Pixels) -> Pixels:
    image = Image.fromarray(pixels)
    image.thumbnail((PREVIEW_PX, PREVIEW_PX))
    return np.asarray(image)
