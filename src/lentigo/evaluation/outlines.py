"""By whose outlines a classifier is shown a region: the source's own, or a segmenter's."""

from lentigo.data.views import TRUE_OUTLINES, MaskMaker, TrueMasks
from lentigo.imaging.arrays import Mask
from lentigo.imaging.geometry import working_size
from lentigo.imaging.read import Photo
from lentigo.runtime.segmenter import Segmenter


class SegmentersMasks:
    """The masks that a segmenter's bundle finds: the very ones that the pipeline has in use.

    Args:
        bundle: A shipped segmenter's name, or a folder; None takes the default.
        engine: What runs it: ``auto``, ``onnxruntime`` or ``openvino``.

    Raises:
        BundleError: The bundle is missing, changed, or does another task.
    """

    def __init__(self, bundle: str | None = None, engine: str = "auto") -> None:
        self._segmenter = Segmenter(bundle, engine)
        ran, opened = self._segmenter.engine, self._segmenter.bundle
        self.name = opened.spec.name
        self.identity = f"{self.name} {opened.sha256} {ran.name} {ran.precision}"

    def __call__(self, photo: Photo, mask_path: str | None) -> Mask:
        """Return what the segmenter finds; the source's own mask is not looked at."""
        return self._segmenter.segment(photo, working_size(photo.size_px)).mask


def outlines_of(whose: str | None, engine: str = "auto") -> MaskMaker:
    """Return where the masks come from: ``true``, a segmenter's bundle, or None, the default's.

    Raises:
        BundleError: The bundle is missing, changed, or does another task.
    """
    return TrueMasks() if whose == TRUE_OUTLINES else SegmentersMasks(whose, engine)


def in_words(name: str) -> str:
    """Return a ``MaskMaker.name`` as a part of a sentence."""
    return "the source's own outlines" if name == TRUE_OUTLINES else f"the outlines of '{name}'"
