"""What is wrong with a dataset: each image and mask is opened, and what does not fit is listed."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Final

import polars as pl

from lentigo.data.copies import copies
from lentigo.data.prepared import Progress
from lentigo.errors import ImageError
from lentigo.imaging.arrays import Size
from lentigo.imaging.convert import above_half
from lentigo.imaging.geometry import same_aspect
from lentigo.imaging.read import read_mask_values, read_photo

KINDS: Final = {
    "unreadable": "a file that cannot be read as an image",
    "image-without-mask": "an image without a mask, in a source that has masks",
    "mask-without-image": "a mask without its image",
    "facts-without-image": "a row of a table that has neither image nor mask",
    "size-differs": "a mask of another size than its image",
    "shape-differs": "a mask of another aspect ratio than its image",
    "mask-not-binary": "a mask with values other than 0 and one more",
    "mask-constant": "a mask whose pixels all lie above half of its range, or none does",
    "duplicate": "an image that is the same, byte for byte, as another",
    "near-duplicate": "an image that is nearly the same as another, not known to be of its lesion",
    "id-in-two-sources": "an id that stands in more than one source",
}

_CHUNK = 256  # rows between two reports of progress at most; bounds the queue
_SMALL_SIDE_PX = 64  # photos are decoded whole, but kept no larger than needed


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: A key of ``KINDS``.
        source: Name of the data source.
        image_id: The row.
        detail: File and fault in words.
    """

    kind: str
    source: str
    image_id: str
    detail: str


@dataclass(frozen=True)
class SourceSummary:
    """How much there is of what in one source."""

    source: str
    rows: int
    images: int
    masks: int
    labels: int
    malignant: int
    lesions: int


@dataclass(frozen=True)
class AuditReport:
    """What an audit found.

    Attributes:
        sources: What there is.
        faults: What is wrong, sorted by kind, source and id.
    """

    sources: tuple[SourceSummary, ...]
    faults: tuple[Fault, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of faults of each kind, those without any included."""
        found = Counter(fault.kind for fault in self.faults)
        return {kind: found[kind] for kind in KINDS}

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON takes it: ``sources``, ``counts`` and ``faults``."""
        return {
            "sources": [asdict(summary) for summary in self.sources],
            "counts": self.counts,
            "faults": [asdict(fault) for fault in self.faults],
        }


def audit(manifests: Sequence[pl.DataFrame], progress: Progress | None = None) -> AuditReport:
    """Look for faults within and between datasets; every file is read.

    Args:
        manifests: One or more, each of one source.
        progress: Told of each row that is done; then of each image that is looked at for
            near-duplicates, if they were not looked for before.
    """
    rows = pl.concat(manifests)
    seen = progress or (lambda done, total: None)
    found = chain(
        *(_missing(manifest) for manifest in manifests),
        _in_two_sources(rows),
        _faults_in_files(rows, seen),
        (_fault(copy.kind, copy.row, copy.detail) for copy in copies(rows, seen)),
    )
    order = list(KINDS)
    faults = sorted(found, key=lambda f: (order.index(f.kind), f.source, f.image_id, f.detail))
    return AuditReport(tuple(_summary(manifest) for manifest in manifests), tuple(faults))


def _summary(manifest: pl.DataFrame) -> SourceSummary:
    return SourceSummary(
        source=manifest["source"][0],
        rows=manifest.height,
        images=manifest["image"].count(),
        masks=manifest["mask"].count(),
        labels=manifest["label"].count(),
        malignant=int(manifest["label"].cast(pl.Int64).sum()),
        lesions=manifest["lesion"].drop_nulls().n_unique(),
    )


def _missing(manifest: pl.DataFrame) -> Iterator[Fault]:
    has_masks = manifest["mask"].count() > 0
    for row in manifest.iter_rows(named=True):
        if row["image"] is None and row["mask"] is None:
            yield _fault("facts-without-image", row, "no file of this id was found")
        elif row["image"] is None:
            yield _fault("mask-without-image", row, row["mask"])
        elif row["mask"] is None and has_masks:
            yield _fault("image-without-mask", row, row["image"])


def _in_two_sources(rows: pl.DataFrame) -> Iterator[Fault]:
    shared = rows.filter(pl.col("image_id").is_duplicated())
    sources_of: defaultdict[str, list[str]] = defaultdict(list)
    for image_id, source in shared.select("image_id", "source").iter_rows():
        sources_of[image_id].append(source)
    for row in shared.iter_rows(named=True):
        yield _fault("id-in-two-sources", row, f"in {', '.join(sources_of[row['image_id']])}")


def _faults_in_files(rows: pl.DataFrame, progress: Progress) -> Iterator[Fault]:
    done = 0
    with ThreadPoolExecutor() as pool:
        for chunk in rows.iter_slices(_CHUNK):
            for faults in pool.map(_check_files, chunk.iter_rows(named=True)):
                done += 1
                progress(done, rows.height)
                yield from faults


def _check_files(row: dict[str, Any]) -> list[Fault]:
    faults: list[Fault] = []
    image_px: Size | None = None
    if row["image"] is not None:
        try:
            image_px = read_photo(row["image"], min_side_px=_SMALL_SIDE_PX).size_px
        except ImageError as error:
            faults.append(_fault("unreadable", row, str(error)))
    if row["mask"] is not None:
        try:
            faults += list(_check_mask(row, image_px))
        except ImageError as error:
            faults.append(_fault("unreadable", row, str(error)))
    return faults


def _check_mask(row: dict[str, Any], image_px: Size | None) -> Iterator[Fault]:
    values = read_mask_values(row["mask"])
    if image_px is not None and values.shape != image_px:
        same_shape = same_aspect(values.shape, image_px)
        sizes = " against ".join(f"{h}×{w}" for h, w in (values.shape, image_px))
        yield _fault("size-differs" if same_shape else "shape-differs", row, f"{sizes} px")
    levels = pl.Series(values.ravel()).unique().sort().to_numpy()  # fast: hashed, not sorted
    detail = f"{row['mask']}: {len(levels)} values from {levels[0]:g} to {levels[-1]:g}"
    lesion = above_half(levels)
    if lesion.all() or not lesion.any():
        yield _fault("mask-constant", row, detail)
    elif len(levels) > 2 or levels[0] != 0:
        yield _fault("mask-not-binary", row, detail)


def _fault(kind: str, row: dict[str, Any], detail: str) -> Fault:
    return Fault(kind, row["source"], row["image_id"], detail)
