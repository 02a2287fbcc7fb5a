"""Lentigo: outline the lesion in a dermoscopic image, crop to it, estimate its risk.

Research software, not a medical device.

Example:
    >>> import lentigo
    >>> finding = lentigo.Analyzer().analyze("photo.jpg")  # doctest: +SKIP
    >>> finding.probability_malignant, finding.decision  # doctest: +SKIP
    (0.07, 'benign')
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lentigo.bundle import Bundle, load_bundle
    from lentigo.errors import LentigoError
    from lentigo.imaging.read import Photo, read_photo
    from lentigo.runtime.analyzer import Analyzer
    from lentigo.runtime.classifier import Classifier
    from lentigo.runtime.finding import Finding
    from lentigo.runtime.segmenter import Segmenter

    __version__: str

__all__ = [
    "Analyzer",
    "Bundle",
    "Classifier",
    "Finding",
    "LentigoError",
    "Photo",
    "Segmenter",
    "load_bundle",
    "read_photo",
]

_HOMES = {
    "Analyzer": "lentigo.runtime.analyzer",
    "Bundle": "lentigo.bundle",
    "Classifier": "lentigo.runtime.classifier",
    "Finding": "lentigo.runtime.finding",
    "LentigoError": "lentigo.errors",
    "Photo": "lentigo.imaging.read",
    "Segmenter": "lentigo.runtime.segmenter",
    "load_bundle": "lentigo.bundle",
    "read_photo": "lentigo.imaging.read",
}


def __getattr__(name: str) -> Any:
    # Names are fetched when first used: "import lentigo" alone costs a millisecond.
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("lentigo")
    if name not in _HOMES:
        raise AttributeError(f"module 'lentigo' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
