"""What a classifier sees of a dataset, prepared once: regions by their masks, and preprocessing."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from lentigo.data.prepared import FORMAT_VERSION, Arrays, Prepared, Progress, in_store
from lentigo.errors import SourceError
from lentigo.imaging.arrays import Mask
from lentigo.imaging.read import Photo, read_mask, read_photo
from lentigo.imaging.view import View

if TYPE_CHECKING:  # the processes that prepare start sooner without it
    import polars as pl

VIEW_VERSION: Final = 1
"""Raise it when the same files and the same view would give other pixels."""

TRUE_OUTLINES: Final = "true"
"""Names the source's own masks where a segmenter could be named."""


class MaskMaker(Protocol):
    """Where the masks come from that regions are cut out by.

    Attributes:
        name: ``true``, or the segmenter's.
        identity: What tells these masks from any others.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 (above)

    @property
    def identity(self) -> str: ...  # noqa: D102

    def __call__(self, photo: Photo, mask_path: str | None) -> Mask | None:
        """Return the lesion's mask in a photo, or None; ``mask_path`` is the source's own."""
        ...


class TrueMasks:
    """The masks that the source holds."""

    name = identity = TRUE_OUTLINES

    def __call__(self, photo: Photo, mask_path: str | None) -> Mask | None:
        """Return the source's mask, None where it has none."""
        return None if mask_path is None else read_mask(mask_path)


def prepare_view(
    manifest: "pl.DataFrame",
    view: View,
    masks: MaskMaker,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Make of each image what a classifier sees of it, or find it done already.

    Args:
        manifest: Rows that all have an image.
        view: What is seen.
        masks: Where the masks come from; unused in a view of the whole frame.
        cache_dir: Where stores live; ``default_cache_dir()`` where not given.
        progress: Told of each image that is done; not called where the store exists.

    Returns:
        Images with the view's channels, without masks. ``has_mask`` is False where no lesion was
        found, so that the whole frame is shown.

    Raises:
        SourceError: A row has no image, a file is missing, a mask has another shape than its
            image, or the disk is too small.
        ImageError: A file cannot be read.
    """

    stored = in_store(
        manifest,
        (FORMAT_VERSION, VIEW_VERSION, view, masks.identity if view.region else None),
        {"images": (*view.size_px, view.channels), "lesion_found": ()},
        partial(_seen, view=view, masks=masks if view.region else None),
        cache_dir,
        progress,
        # A segmenter takes every core by itself, and a second to load: one is enough.
        processes=view.region is None or isinstance(masks, TrueMasks),
    )
    return Prepared(
        ids=tuple(manifest["image_id"]),
        images=stored["images"],
        masks=None,
        has_mask=stored["lesion_found"] > 0,
    )


def _seen(image: str, mask_path: str | None, *, view: View, masks: MaskMaker | None) -> Arrays:
    """Return what a store of views holds of one image: pixels, and whether a lesion was found."""
    photo = read_photo(image, min_side_px=view.min_side_px)
    mask = masks(photo, mask_path) if masks else None
    try:
        seen = view.look(photo, mask)
    except ValueError as error:
        raise SourceError(f"{mask_path}: does not fit its image {image}: {error}") from error
    return seen.pixels, np.array(seen.lesion_found)
