"""Where an image's results go: ``OUT/images/NAME/`` and the files in it."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

IMAGES: Final = "images"
FINDING: Final = "finding.json"
MASK: Final = "mask.png"
OVERLAY: Final = "overlay.jpg"
CROP: Final = "crop.jpg"
HEAT: Final = "heat.jpg"

_LONGEST_STEM = 60  # of up to four bytes each; file systems take names of 255 bytes


def name_outputs(images: Sequence[Path]) -> list[str]:
    """Return a folder name for each image: its stem, made safe.

    Where two would share one name, even in another case, each gets a suffix made from its path:
    the same names come again on the next run over the same images.
    """
    stems = [re.sub(r"[^\w.-]|^\.", "_", _ascii(image.stem))[:_LONGEST_STEM] for image in images]
    uses = Counter(stem.casefold() for stem in stems)
    return [
        stem if uses[stem.casefold()] == 1 else f"{stem}-{_path_digest(image)}"
        for stem, image in zip(stems, images, strict=True)
    ]


def is_result(path: Path, out_dir: Path) -> bool:
    """Tell whether ``path`` is a picture that a run into ``out_dir`` has written."""
    if path.name not in (MASK, OVERLAY, CROP, HEAT):
        return False
    return path.resolve().parent.parent == out_dir.resolve() / IMAGES


def _ascii(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _path_digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:8]
