"""From uploaded bytes to the JSON of a finding: what the desk's thread does."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal, TypeAlias

import numpy as np
from PIL import Image

from lentigo.errors import ImageError, LentigoError
from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.geometry import WORKING_SIDE_PX
from lentigo.imaging.read import (
    EmptyFileError,
    ImageTooLargeError,
    NotAnImageError,
    Photo,
    UnreadableFileError,
    read_mask,
    read_photo,
)
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.finding import Finding
from lentigo.serving.problems import Problem
from lentigo.serving.schemas import PngPicture, RunLengths

MaskFormat: TypeAlias = Literal["png", "rle"]

_STATUS = {EmptyFileError: 400, NotAnImageError: 415, ImageTooLargeError: 413}
_CODES = {EmptyFileError: "empty", NotAnImageError: "not-an-image", ImageTooLargeError: "too-large"}
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Question:
    """What a caller wants to know.

    Attributes:
        image: A file's content.
        outline: A PNG mask's content; None lets the segmenter outline.
        overlay: Whether the answer holds the overlay.
        mask: How the answer holds the mask; None: not at all.
    """

    image: bytes
    outline: bytes | None = None
    overlay: bool = False
    mask: MaskFormat | None = None


@dataclass(frozen=True)
class Answer:
    """A finding without its pictures, and the JSON for the caller with those asked for."""

    finding: Finding
    body: bytes


def answer_all(
    analyzer: Analyzer, questions: Sequence[Question]
) -> Iterator[tuple[int, Answer | Exception]]:
    """Yield each question's place and its answer, or the problem with it."""
    photos: dict[int, Photo] = {}
    outlines: dict[int, Mask | None] = {}
    for at, question in enumerate(questions):
        try:
            outlines[at] = None if question.outline is None else _outline(question.outline)
            photos[at] = _read(question.image)
        except Problem as problem:
            yield at, problem
    done: set[int] = set()
    try:
        findings = analyzer.analyze_batch(list(photos.values()), [outlines[at] for at in photos])
        for at, finding in zip(photos, findings, strict=True):
            yield at, _answer(questions[at], finding)
            done.add(at)
    except Exception:  # one image's fault must not cost the others theirs
        for at in photos.keys() - done:
            yield at, _alone(analyzer, questions[at], photos[at], outlines[at])


def _alone(
    analyzer: Analyzer, question: Question, photo: Photo, outline: Mask | None
) -> Answer | Exception:
    try:
        return _answer(question, analyzer.analyze(photo, outline))
    except LentigoError as error:
        return Problem(422, "does-not-fit", str(error))
    except Exception as error:  # told to the caller as a 500, to the log in full
        return error


def _read(content: bytes) -> Photo:
    try:
        return read_photo(content, min_side_px=WORKING_SIDE_PX)
    except ImageError as error:
        raise _problem(error, "image") from error


def _outline(content: bytes) -> Mask:
    if content and not content.startswith(_PNG):
        raise Problem(415, "not-an-image", "outline: expected the content of a PNG file")
    try:
        mask = read_mask(content)
    except ImageError as error:
        raise _problem(error, "outline") from error
    if not mask.any():
        raise Problem(
            422, "empty-outline", "outline: no pixel is brighter than half; the lesion is white"
        )
    return mask


def _problem(error: ImageError, part: str) -> Problem:
    if isinstance(error, UnreadableFileError):
        raise error  # nothing of the caller's is a path
    status = _STATUS.get(type(error), 422)
    return Problem(status, _CODES.get(type(error), "damaged"), f"{part}: {error.fault}")


def _answer(question: Question, finding: Finding) -> Answer:
    pictures, told = finding.pictures, hashlib.sha256(question.image).hexdigest()
    finding = finding.model_copy(update={"image_sha256": told, "pictures": None})
    content: dict[str, Any] = finding.model_dump(mode="json")
    if pictures is not None and question.overlay:
        content["overlay"] = _png(pictures.overlay).model_dump()
    if pictures is not None and question.mask:
        content["mask"] = _mask(pictures.mask, question.mask)
    return Answer(finding, json.dumps(content, ensure_ascii=False, allow_nan=False).encode())


def _mask(mask: Mask | None, wanted: MaskFormat) -> dict[str, Any] | None:
    if mask is None:
        return None
    if wanted == "rle":
        return run_lengths(mask).model_dump(mode="json")
    return _png(mask.astype(np.uint8) * np.uint8(255)).model_dump()


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
    return PngPicture(base64=base64.b64encode(stream.getvalue()).decode())
