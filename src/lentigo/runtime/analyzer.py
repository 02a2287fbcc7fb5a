"""The pipeline: a photo comes in, a finding comes out."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lentigo.bundle import Bundle
from lentigo.errors import ImageError
from lentigo.files import sha256_of
from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.contour import Polygon, outline
from lentigo.imaging.crop import crop, lesion_box
from lentigo.imaging.geometry import WORKING_SIDE_PX, resize_mask, working_size
from lentigo.imaging.measure import measure
from lentigo.imaging.overlay import draw_polygons
from lentigo.imaging.quality import QualityWarning, image_warnings, mask_warnings
from lentigo.imaging.read import Photo
from lentigo.runtime.classifier import Classifier, Estimate
from lentigo.runtime.finding import (
    NOT_DERMOSCOPY,
    UNCERTAIN_OUTLINE,
    AppliedPoint,
    BoxPx,
    Finding,
    HeatMap,
    Measurements,
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
    ) -> None:
        self.segmenter = Segmenter(segmenter, engine, threads)
        self.classifier = Classifier(classifier, engine, threads)
        self.operating_point = self.point(operating_point)
        self.gate = shipped_gate()
        self.refuses = gate
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
        verdicts = [self.gate.judge(photo.pixels) for photo in photos]
        given = dict(enumerate(outlines or ()))
        scored = [at for at, verdict in enumerate(verdicts) if verdict.accepted or not self.refuses]
        found = self._segmentations(photos, given, scored)
        estimates = self.classifier.estimate_all(
            [photos[at] for at in scored], [found[at].working_mask for at in scored]
        )
        estimated = dict(zip(scored, estimates, strict=True))
        for at, (photo, verdict) in enumerate(zip(photos, verdicts, strict=True)):
            if at in estimated:
                by: Outliner = "segmenter" if given.get(at) is None else "caller"
                yield self._finding(photo, verdict, found[at], estimated[at], by)
            else:
                yield self._refused(photo, verdict)

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

    def _finding(
        self,
        photo: Photo,
        verdict: Verdict,
        segmentation: Segmentation,
        estimate: Estimate,
        outline_by: Outliner,
    ) -> Finding:
        working_mask = segmentation.working_mask
        pixels = _resized(photo.pixels, working_mask.shape)
        scale_px = photo.size_px[1] / working_mask.shape[1]
        found, lines = bool(working_mask.any()), outline(working_mask)
        quality = self._outline_quality(segmentation.expected_jaccard)
        return Finding(
            **_identity(photo),
            probability_malignant=estimate.probability,
            diagnoses=estimate.diagnoses,
            operating_point=self.operating_point,
            decision=called(estimate.probability, self.operating_point),
            warnings=(
                *_gate_notes(verdict),
                *_notes(photo.notes),
                *_notes(image_warnings(pixels, photo.size_px)),
                *_notes(mask_warnings(working_mask)),
                *(_outline_notes(quality) if found and quality else ()),
            ),
            lesion_found=found,
            outline_by=outline_by,
            outline_quality=quality,
            measurements=_measurements(photo, pixels, working_mask, scale_px) if found else None,
            box=BoxPx(**lesion_box(segmentation.mask)._asdict()) if found else None,
            contour=_contour(lines, scale_px),
            heat_map=None if estimate.heat is None else HeatMap.of(estimate.heat),
            made_with=self.made_with,
            pictures=_pictures(photo, segmentation, lines, pixels),
        )

    def _refused(self, photo: Photo, verdict: Verdict) -> Finding:
        """Return the finding for an image that neither net has seen."""
        pixels = _resized(photo.pixels, working_size(photo.size_px))
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
            warnings=_notes((*photo.notes, *image_warnings(pixels, photo.size_px))),
            lesion_found=False,
            measurements=None,
            box=None,
            contour=(),
            made_with=self.made_with,
            pictures=Pictures(mask=None, overlay=pixels, crop=None),
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


def _resized(pixels: Pixels, size_px: tuple[int, ...]) -> Pixels:
    height, width = size_px
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0))


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


def _measurements(photo: Photo, pixels: Pixels, mask: Mask, scale_px: float) -> Measurements:
    values = measure(pixels, mask, scale_px=scale_px, pixel_spacing_mm=photo.pixel_spacing_mm)
    return Measurements(**{name: getattr(values, name) for name in Measurements.model_fields})


def _contour(lines: Sequence[Polygon], scale_px: float) -> tuple[tuple[float, float], ...]:
    if not lines:
        return ()
    # Pixel centres have whole co-ordinates, so that an edge lies at -0.5 at every scale.
    points = (lines[0] + 0.5) * scale_px - 0.5
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)


def _pictures(
    photo: Photo, segmentation: Segmentation, lines: Sequence[Polygon], pixels: Pixels
) -> Pictures:
    if not lines:
        return Pictures(segmentation.mask, overlay=pixels, crop=None)
    height, width = photo.pixels.shape[:2]
    box = lesion_box(resize_mask(segmentation.working_mask, (height, width)))
    return Pictures(segmentation.mask, draw_polygons(pixels, lines), crop(photo.pixels, box))
