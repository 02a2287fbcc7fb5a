"""Masks as files."""

import zlib
from io import BytesIO

import numpy as np
from PIL import Image

from lentigo.imaging.arrays import Mask


def mask_png(mask: Mask) -> bytes:
    """Return a mask, bool H×W, as a PNG of 8 bits: 255 where it is True, 0 elsewhere."""
    stream = BytesIO()
    grey = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    grey.save(stream, "PNG", compress_type=zlib.Z_RLE)  # a mask is long runs of one value
    return stream.getvalue()
