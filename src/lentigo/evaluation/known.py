"""Which of the images that a bundle is measured on it knows: trained on, or chosen by."""

from collections.abc import Mapping

import polars as pl

from lentigo.bundle import Bundle
from lentigo.data.splits import read_split

SPLIT = "split.csv"
"""A bundle's own split, as its run made it: columns ``image_id`` and ``part``."""
_NOT_KNOWN = "test"
_CHOSEN_BY = "validation"


def known_images(bundle: Bundle, manifest: pl.DataFrame) -> dict[str, int]:
    """Count the images of a manifest that a bundle was made from, by its own split.

    Ids alone tell: the same photo under another id is not found.

    Returns:
        ``n_trained_on`` and ``n_chosen_by`` (weights, thresholds and calibration were chosen on
        these); both 0 where the bundle holds no split.
    """
    if SPLIT not in bundle.spec.files:
        return {"n_trained_on": 0, "n_chosen_by": 0}
    parts = read_split(bundle.path / SPLIT).filter(pl.col("part") != _NOT_KNOWN)
    known = manifest.select("image_id").join(parts, on="image_id")["part"]
    chosen_by = int((known == _CHOSEN_BY).sum())
    return {"n_trained_on": len(known) - chosen_by, "n_chosen_by": chosen_by}


def in_words(counts: Mapping[str, int], total: int) -> str | None:
    """Return a warning for the reader of the figures, or None where no image is known.

    Args:
        counts: What :func:`known_images` gave, or nothing in results of versions without it.
        total: Of how many images.
    """
    kinds = {"trained on": counts.get("n_trained_on"), "chosen by": counts.get("n_chosen_by")}
    if not any(kinds.values()):
        return None
    told = " and ".join(f"{kind} {count}" for kind, count in kinds.items() if count)
    return (
        f"this bundle was {told} of the {total} images, so these figures flatter it; "
        f"measure it on images that it does not know, such as --split {SPLIT} of its folder with "
        "--part test"
    )
