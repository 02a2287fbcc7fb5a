"""What a caller may hand in as a photo."""

from pathlib import Path
from typing import TypeAlias

import numpy as np

from lentigo.errors import LentigoError
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.read import Photo, read_photo

RGB = 3

PhotoLike: TypeAlias = Photo | Pixels | str | Path


def as_photo(image: PhotoLike, min_side_px: int | None = None) -> Photo:
    """Return ``image`` as a photo: a path is read, an RGB array uint8 H×W×3 is wrapped.

    Args:
        image: What the caller has.
        min_side_px: Allow a large file to be decoded smaller, down to this short side.

    Raises:
        ImageError: The file cannot be read.
        LentigoError: The array is not uint8 H×W×3, or is empty.
    """
    if isinstance(image, Photo):
        return image
    if isinstance(image, str | Path):
        return read_photo(Path(image), min_side_px=min_side_px)
    fits = isinstance(image, np.ndarray) and image.ndim == RGB and image.shape[-1] == RGB
    if not fits or image.dtype != np.uint8 or image.size == 0:
        got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image)
        raise LentigoError(f"expected an RGB image, uint8 (height, width, 3); got {got}")
    height, width = image.shape[:2]
    return Photo(pixels=image, size_px=(height, width), pixel_spacing_mm=None, path=None)
