"""Runs a bundle over a dataset and measures it, by the same runtime that users' photos take.

Images stream through a few workers: while some images' pixels go through the model, the next is
decoded. No more images than workers are held at a time.
"""

import json
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, ClassVar, TypeAlias

import numpy as np
import polars as pl

from lentigo.bundle import MODEL, Bundle
from lentigo.data.manifest import group_ids, usable_for
from lentigo.errors import ImageError, LentigoError
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.classification import classification_metrics
from lentigo.evaluation.diagnoses import diagnosis_metrics
from lentigo.evaluation.known import known_images
from lentigo.evaluation.outlines import outlines_of
from lentigo.evaluation.quality import outline_quality_metrics
from lentigo.evaluation.reliability import reliability
from lentigo.evaluation.segmentation import PixelCounts, count_pixels, segmentation_metrics
from lentigo.evaluation.slices import MIN_IMAGES, MIN_OF_CLASS, attributes_of, slice_metrics
from lentigo.imaging.arrays import Mask
from lentigo.imaging.geometry import same_aspect
from lentigo.imaging.read import Photo, read_mask
from lentigo.runtime.classifier import Classifier
from lentigo.runtime.cores import MOST_AT_ONCE, at_once, cores
from lentigo.runtime.photos import as_photo
from lentigo.runtime.segmenter import Segmenter

_WORKERS = min(MOST_AT_ONCE, cores() + 1)

Columns: TypeAlias = dict[str, type[pl.DataType]]
Row: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[int, int], None]
"""Told, after each image, how many of how many are done."""


@dataclass(frozen=True)
class Evaluation:
    """What a bundle does on a dataset.

    Attributes:
        metrics: The result, ready for JSON: what was run on what, what was left out or skipped,
            and the keys of ``SegmentationMetrics`` or ``ClassificationMetrics``; under
            ``outline_quality`` those of ``OutlineQualityMetrics``, where the bundle foretells it;
            under ``reliability`` and ``slices`` a classifier's ``ReliabilityBin``s and ``Slice``s,
            and under ``diagnoses`` its ``DiagnosisMetrics``, where the bundle tells them.
        table: One row an image: its id, group, counts or probability, and why it was skipped if
            it was.
    """

    metrics: dict[str, Any]
    table: pl.DataFrame


def evaluate_bundle(
    bundle: Bundle,
    manifest: pl.DataFrame,
    *,
    split: str = "every image",
    engine: str = "auto",
    outlines: str | None = None,
    bootstrap: Bootstrap | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a bundle on the images of a manifest that have a mask or a label, by its task.

    An image or mask that cannot be read is skipped, counted and named.

    Args:
        bundle: What to measure; its task picks the metrics.
        manifest: Rows of a data source.
        split: Which of the source's images these are, in words for the reader of the result.
        engine: What runs the model: ``auto``, ``onnxruntime`` or ``openvino``.
        outlines: By whose outlines a classifier is shown regions: ``true``, the source's own, or
            a segmenter's name or folder; the default segmenter's if not given.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.
        progress: Called after each image with the numbers done and in all.

    Raises:
        SourceError: No row has an image and its mask or label.
        LentigoError: No image can be read, or ``outlines`` are given to a bundle without a region.
        BundleError: The bundle cannot be run, or its model gives no number.
    """
    bootstrap = bootstrap or Bootstrap()
    rows = usable_for(manifest, bundle.spec.task)
    rows = rows.with_columns(group_ids(rows).alias("group"))
    if outlines is not None and bundle.spec.input.region is None:
        raise LentigoError(
            f"bundle '{bundle.spec.name}' is shown the whole frame: leave outlines out, which say "
            "where a region is"
        )
    together = at_once(rows.height)
    measurer: _Masks | _Labels = (
        _Masks(bundle, engine, together)
        if bundle.spec.task == "segmentation"
        else _Labels(bundle, engine, outlines, together)
    )
    results = []
    with closing(_each(measurer.measure, rows)) as stream:
        for result in stream:
            results.append(result)
            if progress is not None:
                progress(len(results), rows.height)
    table = pl.DataFrame(results, schema=_COMMON | measurer.columns)
    done = table.filter(pl.col("skipped").is_null())
    skipped = table.filter(pl.col("skipped").is_not_null())
    if done.is_empty():
        raise LentigoError(
            f"none of the {rows.height} images could be read; the first: {skipped['skipped'][0]}"
        )
    about = {
        "task": bundle.spec.task,
        "bundle": {"name": bundle.spec.name, "model_sha256": bundle.spec.files[MODEL]},
        "lentigo": version("lentigo"),
        "engine": {"name": measurer.engine.name, "precision": measurer.engine.precision},
        "data": sorted(rows["source"].unique()),
        "split": split,
        "bootstrap": asdict(bootstrap),
        "n_left_out": manifest.height - rows.height,
        "n_skipped": skipped.height,
        "skipped": skipped.select("image_id", reason="skipped").to_dicts(),
        "known": known_images(bundle, done),
    }
    return Evaluation(about | measurer.metrics(done, bootstrap), table)


_COMMON: Columns = {"image_id": pl.String, "group": pl.String, "skipped": pl.String}


class _Masks:
    """Measures a segmenter, image by image, at the ground truth's own size."""

    columns: ClassVar[Columns] = {
        **dict.fromkeys(("height_px", "width_px", "tp", "fp", "fn", "tn"), pl.Int64),
        **dict.fromkeys(("dice", "jaccard", "expected_jaccard"), pl.Float64),
    }

    def __init__(self, bundle: Bundle, engine: str, together: int) -> None:
        self.segmenter = Segmenter(bundle, engine, at_once=together)
        self.engine = self.segmenter.engine
        self.min_side_px = max(bundle.spec.input.size_px)
        self.quality = bundle.spec.outline_quality

    def measure(self, row: Row) -> Row:
        truth = read_mask(row["mask"])
        height, width = truth.shape
        photo = as_photo(row["image"], min_side_px=self.min_side_px)
        _check_fit(truth, photo, row["mask"])
        found = self.segmenter.segment(photo, (height, width))
        counts = count_pixels(found.mask, truth)
        return {
            "height_px": height,
            "width_px": width,
            **{name: int(getattr(counts, name)) for name in ("tp", "fp", "fn", "tn")},
            "dice": float(counts.dice),
            "jaccard": float(counts.jaccard),
            "expected_jaccard": found.expected_jaccard,
        }

    def metrics(self, done: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, Any]:
        counts = PixelCounts(*(done[name].to_numpy() for name in ("tp", "fp", "fn", "tn")))
        groups = done["group"].to_list()
        metrics = segmentation_metrics(counts, groups, bootstrap).as_json()
        if self.quality is not None:
            expected, review_below = done["expected_jaccard"].to_numpy(), self.quality.review_below
            metrics["outline_quality"] = outline_quality_metrics(
                expected, counts.jaccard, review_below, groups, bootstrap
            ).as_json()
        return metrics


class _Labels:
    """Measures a classifier, image by image."""

    columns: ClassVar[Columns] = {
        "malignant": pl.Boolean,
        "probability": pl.Float64,
        "called_malignant": pl.Boolean,
        "age": pl.Float64,
        **dict.fromkeys(("sex", "site", "diagnosis", "dx_type"), pl.String),
        "area_share": pl.Float64,
        "lesion_found": pl.Boolean,
        "diagnoses_uncalibrated": pl.String,
    }

    def __init__(self, bundle: Bundle, engine: str, outlines: str | None, together: int) -> None:
        self.classifier = Classifier(bundle, engine, at_once=together)
        self.engine = self.classifier.engine
        self.spec = bundle.spec
        self.view = self.classifier.view
        self.outlines = outlines_of(outlines, engine) if self.view.region else None

    def measure(self, row: Row) -> Row:
        photo = as_photo(row["image"], min_side_px=self.view.min_side_px)
        mask = self.outlines(photo, row["mask"]) if self.outlines else None
        if mask is not None:
            _check_fit(mask, photo, row["mask"])
        seen = self.view.look(photo, mask)
        told = self.classifier.estimate_seen(photo, seen, ("probability", "diagnoses"))
        return {
            "malignant": row["label"] == 1,
            "probability": told.probability,
            "called_malignant": told.probability >= self.spec.operating_point().threshold,
            **{name: row[name] for name in ("age", "sex", "site", "diagnosis", "dx_type")},
            "area_share": _area_share(row["mask"]),
            "lesion_found": seen.lesion_found if self.outlines else None,
            "diagnoses_uncalibrated": told.diagnoses and json.dumps(told.diagnoses),
        }

    def metrics(self, done: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, Any]:
        malignant, probability = done["malignant"].to_numpy(), done["probability"].to_numpy()
        thresholds = {name: at.threshold for name, at in self.spec.operating_points.items()}
        groups, default = done["group"].to_list(), self.spec.default_operating_point
        metrics = classification_metrics(malignant, probability, thresholds, groups, bootstrap)
        slices = slice_metrics(
            malignant, probability, thresholds[default], groups, attributes_of(done), bootstrap
        )
        bins = reliability(malignant, probability, groups, bootstrap)
        return (
            metrics.as_json()
            | self._region_metrics(done)
            | self._diagnosis_metrics(done, bootstrap)
            | {
                "reliability": [one.as_json() for one in bins],
                "slices": {
                    "operating_point": default,
                    "min_images": MIN_IMAGES,
                    "min_of_class": MIN_OF_CLASS,
                    "worst_first": [one.as_json() for one in slices],
                },
            }
        )

    def _diagnosis_metrics(self, done: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, Any]:
        """Return how well diagnoses are told, where bundle and data have them."""
        if not (names := self.spec.diagnoses):
            return {}
        told = [json.loads(text) for text in done["diagnoses_uncalibrated"]]
        shares = np.array([[one[name] for name in names] for one in told])
        groups = done["group"].to_list()
        found = diagnosis_metrics(done["diagnosis"].to_list(), shares, names, groups, bootstrap)
        return {"diagnoses": found.as_json()} if found else {}

    def _region_metrics(self, done: pl.DataFrame) -> dict[str, Any]:
        """Return by whose outlines regions were shown, and how many images had none."""
        if self.outlines is None:
            return {}
        whole = done.height - int(done["lesion_found"].sum())
        about = {"by": self.outlines.name, "identity": self.outlines.identity}
        return {"outlines": about | {"n_shown_whole": whole}}


def _check_fit(mask: Mask, photo: Photo, path: str) -> None:
    if not same_aspect(photo.size_px, mask.shape):
        mask_size, size = ("×".join(map(str, sides)) for sides in (mask.shape, photo.size_px))
        raise ImageError(path, f"{mask_size} px does not fit its image of {size}")


def _area_share(mask: str | None) -> float | None:
    if mask is None:
        return None
    try:
        return float(read_mask(mask).mean())
    except ImageError:  # the diagnosis is compared all the same, only the size is unknown
        return None


def _each(measure: Callable[[Row], Row], rows: pl.DataFrame) -> Generator[Row, None, None]:
    """Yield each row's measurements in order, or why there are none."""

    def attempt(row: Row) -> Row:
        common = {"image_id": row["image_id"], "group": row["group"]}
        try:
            return common | measure(row)
        except ImageError as error:
            return common | {"skipped": str(error)}

    with ThreadPoolExecutor(_WORKERS) as pool:
        try:
            yield from pool.map(attempt, rows.iter_rows(named=True))
        finally:  # on Ctrl-C or an error, do not work through the rest first
            pool.shutdown(wait=False, cancel_futures=True)
