"""From uploaded bytes to a finding in the form asked for: what the desk's thread does."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lentigo.errors import ImageError, LentigoError
from lentigo.imaging.arrays import Mask
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
from lentigo.runtime.finding import AppliedPoint, Finding
from lentigo.serving.problems import Problem

_STATUS = {EmptyFileError: 400, NotAnImageError: 415, ImageTooLargeError: 413}
_CODES = {EmptyFileError: "empty", NotAnImageError: "not-an-image", ImageTooLargeError: "too-large"}
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Told:
    """What an answer is made of.

    Attributes:
        finding: With its pictures, at the operating point asked for.
        photo: What it is about; its pixels may be reduced.
        image: The file's content.
    """

    finding: Finding
    photo: Photo
    image: bytes


Form: TypeAlias = Callable[[Told], bytes]
"""Writes an answer's body; a ``Problem`` that it raises is the caller's."""


@dataclass(frozen=True)
class Question:
    """What a caller wants to know.

    Attributes:
        image: A file's content.
        form: Writes the answer.
        outline: A PNG mask's content; None lets the segmenter outline.
        point: The operating point to decide at; None: the server's.
    """

    image: bytes
    form: Form
    outline: bytes | None = None
    point: AppliedPoint | None = None


@dataclass(frozen=True)
class Answer:
    """A finding without its pictures, and the body for the caller."""

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
            yield at, _answer(questions[at], finding, photos[at])
            done.add(at)
    except Exception:  # one image's fault must not cost the others theirs
        for at in photos.keys() - done:
            yield at, _alone(analyzer, questions[at], photos[at], outlines[at])


def _alone(
    analyzer: Analyzer, question: Question, photo: Photo, outline: Mask | None
) -> Answer | Exception:
    try:
        return _answer(question, analyzer.analyze(photo, outline), photo)
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


def _answer(question: Question, finding: Finding, photo: Photo) -> Answer | Problem:
    told = hashlib.sha256(question.image).hexdigest()
    if question.point is not None:
        finding = finding.decided_at(question.point)
    finding = finding.model_copy(update={"image_sha256": told})
    try:
        body = question.form(Told(finding, photo, question.image))
    except Problem as problem:
        return problem
    return Answer(finding.model_copy(update={"pictures": None}), body)
