"""The pipeline: a photo comes in, a finding comes out."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lentigo.bundle import Bundle
from lentigo.errors import ImageError
from lentigo.files import sha256_of
from lentigo.imaging.arrays import Mask
from lentigo.imaging.doubt import QualityWarning
from lentigo.imaging.geometry import WORKING_SIDE_PX
from lentigo.imaging.read import Photo
from lentigo.runtime.beside import Beside
from lentigo.runtime.classifier import Classifier, Estimate
from lentigo.runtime.finding import (
    NOT_DERMOSCOPY,
    UNCERTAIN_OUTLINE,
    AppliedPoint,
    Finding,
    HeatMap,
    OutlineQuality,
    Outliner,
    Pictures,
    Provenance,
    QualityNote,
    Refusal,
    UsedBundle,
    UsedGate,
    called,
)
from lentigo.runtime.gate import Verdict, shipped_gate
from lentigo.runtime.outlined import Outlined, WorkingCopy
from lentigo.runtime.photos import PhotoLike, as_photo
from lentigo.runtime.segmenter import Segmentation, Segmenter, given_outline


class Analyzer:
    """Outlines, measures and scores the lesion in photos.

    May be called from several threads at once.

    Args:
        segmenter: A segmentation bundle, a shipped one's name, or a folder; None: the default.
        classifier: A classification bundle likewise.
        engine: What runs them: ``auto``, ``onnxruntime`` or ``openvino``.
        operating_point: Which of the classifier's operating points decides; None: its default.
        gate: Refuse images that do not look like dermoscopy; False scores them, with a warning.
        threads: Processor threads of each model; None takes one a core.
        at_once: How many calls to expect at a time. Each model's threads are divided among them:
            a call takes longer, many together less, and answers differ by rounding at most.

    Raises:
        BundleError: A bundle is missing, changed or does another task, or has no such point.
        UnknownNameError: No such engine.

    Example:
        >>> finding = Analyzer().analyze("photo.jpg")  # doctest: +SKIP
        >>> print(f"{finding.probability_malignant:.0%}: {finding.decision}")  # doctest: +SKIP
        7%: benign
    """

    def __init__(
        self,
        segmenter: Bundle | str | Path | None = None,
        classifier: Bundle | str | Path | None = None,
        engine: str = "auto",
        operating_point: str | None = None,
        *,
        gate: bool = True,
        threads: int | None = None,
        at_once: int = 1,
    ) -> None:
        self.segmenter = Segmenter(segmenter, engine, threads, at_once)
        self.classifier = Classifier(classifier, engine, threads, at_once)
        self.operating_point = self.point(operating_point)
        self.gate = shipped_gate()
        self.refuses = gate
        self._beside = Beside()
        self.made_with = Provenance(
            lentigo=version("lentigo"),
            engine=self.classifier.engine.name,
            segmenter=_used(self.segmenter),
            classifier=_used(self.classifier),
            gate=UsedGate(sha256=self.gate.sha256, refuses=gate),
        )

    def point(self, name: str | None = None) -> AppliedPoint:
        """Return one of the classifier's operating points; None: its default.

        Raises:
            BundleError: It has no such point; the message lists those it has.
        """
        spec = self.classifier.bundle.spec
        point = spec.operating_point(name)
        name = spec.default_operating_point if name is None else name
        return AppliedPoint(name=name, threshold=point.threshold, rule=point.rule)

    def analyze(self, image: PhotoLike, outline: Mask | None = None) -> Finding:
        """Return the finding for one image, with its pictures.

        Args:
            image: A file, an RGB array uint8 H×W×3, or a photo.
            outline: The lesion in the whole upright photo, bool at any scale, to measure and score
                by; None lets the segmenter find it.

        Raises:
            ImageError: The file cannot be read.
            LentigoError: The array is not an RGB image, or the outline does not fit it.
        """
        # Large files come in reduced, though never below what masks are refined at.
        photo = as_photo(image, min_side_px=WORKING_SIDE_PX)
        (finding,) = self.analyze_batch([photo], [outline])
        return finding

    def analyze_batch(
        self, photos: Sequence[Photo], outlines: Sequence[Mask | None] | None = None
    ) -> Iterator[Finding]:
        """Yield the finding for each photo, in their order, from one pass of each model.

        Args:
            photos: The photos; all are kept in memory until the last finding is made.
            outlines: An outline or None for each, as in :meth:`analyze`.

        Raises:
            LentigoError: An outline does not fit its photo.
        """
        given = dict(enumerate(outlines or ()))
        with self._beside.call() as beside:
            copies = [beside.submit(WorkingCopy.of, photo) for photo in photos]
            verdicts = [self.gate.judge(photo.pixels) for photo in photos]
            scored = [at for at, one in enumerate(verdicts) if one.accepted or not self.refuses]
            found = self._segmentations(photos, given, scored)
            estimates = beside.submit(self._estimates, photos, found)
            for at, (photo, verdict) in enumerate(zip(photos, verdicts, strict=True)):
                copy = copies[at].result()
                if at in found:
                    by: Outliner = "segmenter" if given.get(at) is None else "caller"
                    outlined = Outlined.of(photo, copy.pixels, found[at])
                    estimate = estimates.result()[at]
                    yield self._finding(photo, verdict, copy, outlined, estimate, by)
                else:
                    yield self._refused(photo, verdict, copy)

    def _segmentations(
        self, photos: Sequence[Photo], given: dict[int, Mask | None], wanted: Sequence[int]
    ) -> dict[int, Segmentation]:
        """Return the lesion in each wanted photo; the segmenter finds those that are not given."""
        found = {
            at: given_outline(photos[at], outline)
            for at in wanted
            if (outline := given.get(at)) is not None
        }
        left = [at for at in wanted if at not in found]
        segmented = self.segmenter.segment_all([photos[at] for at in left])
        return found | dict(zip(left, segmented, strict=True))

    def _estimates(
        self, photos: Sequence[Photo], found: dict[int, Segmentation]
    ) -> dict[int, Estimate]:
        """Return what the classifier tells of each photo that has a segmentation."""
        told = self.classifier.estimate_all(
            [photos[at] for at in found], [one.working_mask for one in found.values()]
        )
        return dict(zip(found, told, strict=True))

    def _finding(
        self,
        photo: Photo,
        verdict: Verdict,
        copy: WorkingCopy,
        outlined: Outlined,
        estimate: Estimate,
        outline_by: Outliner,
    ) -> Finding:
        quality = self._outline_quality(outlined.expected_jaccard)
        return Finding(
            **_identity(photo),
            probability_malignant=estimate.probability,
            diagnoses=estimate.diagnoses,
            operating_point=self.operating_point,
            decision=called(estimate.probability, self.operating_point),
            warnings=(
                *_gate_notes(verdict),
                *_notes((*photo.notes, *copy.warnings, *outlined.warnings)),
                *(_outline_notes(quality) if outlined.lesion_found and quality else ()),
            ),
            lesion_found=outlined.lesion_found,
            outline_by=outline_by,
            outline_quality=quality,
            measurements=outlined.measurements,
            box=outlined.box,
            contour=outlined.contour,
            heat_map=None if estimate.heat is None else HeatMap.of(estimate.heat),
            made_with=self.made_with,
            pictures=outlined.pictures,
        )

    def _refused(self, photo: Photo, verdict: Verdict, copy: WorkingCopy) -> Finding:
        """Return the finding for an image that neither net has seen."""
        return Finding(
            **_identity(photo),
            probability_malignant=None,
            operating_point=self.operating_point,
            decision="refused",
            refusal=Refusal(
                code=NOT_DERMOSCOPY,
                message=_unlike(verdict),
                score=verdict.score,
                accept_from=verdict.accept_from,
            ),
            warnings=_notes((*photo.notes, *copy.warnings)),
            lesion_found=False,
            measurements=None,
            box=None,
            contour=(),
            made_with=self.made_with,
            pictures=Pictures(mask=None, overlay=copy.pixels, crop=None),
        )

    def _outline_quality(self, expected_jaccard: float | None) -> OutlineQuality | None:
        model = self.segmenter.bundle.spec.outline_quality
        if model is None or expected_jaccard is None:
            return None
        return OutlineQuality(expected_jaccard=expected_jaccard, review_below=model.review_below)


def printable(path: Path) -> str:
    """Return a path as text that is valid Unicode: odd bytes in its name become escapes."""
    return str(path).encode(errors="backslashreplace").decode()


def _used(part: Segmenter | Classifier) -> UsedBundle:
    bundle, precision = part.bundle, part.engine.precision
    return UsedBundle(name=bundle.spec.name, sha256=bundle.sha256, precision=precision)


def _identity(photo: Photo) -> dict[str, Any]:
    """Return a finding's first fields: which image it is about."""
    return {
        "image": None if photo.path is None else printable(photo.path),
        "image_sha256": None if photo.path is None else _sha256_of_image(photo.path),
        "size_px": photo.size_px,
    }


def _sha256_of_image(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise ImageError(path, f"vanished while it was read ({error.strerror})") from error


def _unlike(verdict: Verdict) -> str:
    return (
        f"the image does not look like dermoscopy, most of all by {verdict.saw}; the gate gives it "
        f"{verdict.score:.2f} and accepts from {verdict.accept_from:.2f} on"
    )


def _gate_notes(verdict: Verdict) -> tuple[QualityNote, ...]:
    if verdict.accepted:
        return ()
    text = f"{_unlike(verdict)}; the probability means nothing unless it is dermoscopy after all"
    return (QualityNote(code=NOT_DERMOSCOPY, message=text),)


def _notes(warnings: tuple[QualityWarning, ...]) -> tuple[QualityNote, ...]:
    return tuple(QualityNote(code=warning.code, message=warning.message) for warning in warnings)


def _outline_notes(quality: OutlineQuality) -> tuple[QualityNote, ...]:
    if quality.expected_jaccard >= quality.review_below:
        return ()
    text = (
        f"the outline may be wrong: its overlap with an expert's (Jaccard) is expected to be "
        f"{quality.expected_jaccard:.2f}, below {quality.review_below:.2f}; look at it before "
        "you rely on size, shape or crop"
    )
    return (QualityNote(code=UNCERTAIN_OUTLINE, message=text),)
