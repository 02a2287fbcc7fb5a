"""By whose outlines a classifier is shown a region: the source's own, or a segmenter's."""

import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from lentigo.data.cache import default_cache_dir
from lentigo.data.views import TRUE_OUTLINES, MaskMaker, TrueMasks
from lentigo.files import write_bytes
from lentigo.imaging.arrays import Mask
from lentigo.imaging.geometry import working_size
from lentigo.imaging.read import Photo
from lentigo.runtime.cores import at_once
from lentigo.runtime.segmenter import Segmenter


class SegmentersMasks:
    """The masks that a segmenter's bundle finds: the very ones that the pipeline has in use.

    What it found once is kept, by the photo's pixels, so that every region of a photo is cut out by
    one run of the segmenter.

    Args:
        bundle: A shipped segmenter's name, or a folder; None takes the default.
        engine: What runs it: ``auto``, ``onnxruntime`` or ``openvino``.
        cache_dir: Where masks are kept; ``default_cache_dir()`` where not given.

    Raises:
        BundleError: The bundle is missing, changed, or does another task.
    """

    def __init__(
        self, bundle: str | None = None, engine: str = "auto", cache_dir: Path | None = None
    ) -> None:
        self._segmenter = Segmenter(bundle, engine, at_once=at_once())
        ran, opened = self._segmenter.engine, self._segmenter.bundle
        self.name = opened.spec.name
        self.identity = f"{self.name} {opened.sha256} {ran.name} {ran.precision}"
        self._kept = Kept(self.identity, default_cache_dir() if cache_dir is None else cache_dir)

    def __call__(self, photo: Photo, mask_path: str | None) -> Mask:
        """Return what the segmenter finds; the source's own mask is not looked at."""
        return self._kept(photo, self._find)

    def _find(self, photo: Photo) -> Mask:
        return self._segmenter.segment(photo, working_size(photo.size_px)).mask


class Kept:
    """Masks on disk, a PNG a photo, in a folder of what found them.

    Args:
        identity: What tells these masks from any others.
        cache_dir: Where such folders lie.
    """

    def __init__(self, identity: str, cache_dir: Path) -> None:
        named = hashlib.sha256(identity.encode()).hexdigest()[:32]
        self._folder = cache_dir / "outlines" / named

    def __call__(self, photo: Photo, find: Callable[[Photo], Mask]) -> Mask:
        """Return the mask kept for a photo, or find it and keep it."""
        path = self._folder / f"{_digest(photo)}.png"
        try:
            return _mask(path)
        except OSError:
            mask = find(photo)
            stream = io.BytesIO()
            Image.fromarray(mask).save(stream, "PNG")
            with suppress(OSError):  # a full disk costs time, not the result
                self._folder.mkdir(parents=True, exist_ok=True)
                write_bytes(path, stream.getvalue())
            return mask


def outlines_of(whose: str | None, engine: str = "auto") -> MaskMaker:
    """Return where the masks come from: ``true``, a segmenter's bundle, or None, the default's.

    Raises:
        BundleError: The bundle is missing, changed, or does another task.
    """
    return TrueMasks() if whose == TRUE_OUTLINES else SegmentersMasks(whose, engine)


def in_words(name: str) -> str:
    """Return a ``MaskMaker.name`` as a part of a sentence."""
    return "the source's own outlines" if name == TRUE_OUTLINES else f"the outlines of '{name}'"


def _digest(photo: Photo) -> str:
    digest = hashlib.sha256(repr(photo.size_px).encode())
    digest.update(photo.pixels.tobytes())
    return digest.hexdigest()


def _mask(path: Path) -> Mask:
    with Image.open(path) as kept:
        return np.asarray(kept, dtype=np.bool_)
