"""Photos to measure with: drawn lesions at a camera's size, with a camera's noise and quality.

A few distinct files are drawn and given many names by hard links. So they are read from the page
cache, as after a first pass over a folder; what is measured is work, not a disk.
"""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from lentigo.imaging.arrays import Pixels
from lentigo.synthetic import draw_lesion

CAMERA_QUALITY = 92
_NOISE = 4.0  # grey levels, standard deviation before JPEG: an ISO setting of everyday use


def write_photos(folder: Path, size_px: tuple[int, int], images: int, distinct: int) -> list[Path]:
    """Write JPEGs of ``size_px`` (height, width); return their paths, ``images`` of them."""
    folder.mkdir(parents=True)
    drawn = []
    for seed in range(min(distinct, images)):
        drawn.append(folder / f"drawn-{seed:03d}.jpg")
        Image.fromarray(photo(seed, size_px)).save(drawn[-1], quality=CAMERA_QUALITY)
    names = [folder / f"photo-{at:06d}.jpg" for at in range(images)]
    for at, name in enumerate(names):
        os.link(drawn[at % len(drawn)], name)
    for path in drawn:
        path.unlink()
    return names


def photo(seed: int, size_px: tuple[int, int]) -> Pixels:
    """Return one drawn lesion at a camera's size, uint8 H×W×3."""
    height, width = size_px
    small = Image.fromarray(draw_lesion(seed, fitzpatrick=1 + seed % 6).image)
    large = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    noise = np.random.default_rng(seed).normal(0, _NOISE, (256, 256, 3)).astype(np.int16)
    repeats = (-(-height // 256), -(-width // 256), 1)
    noisy = large + np.tile(noise, repeats)[:height, :width]
    return noisy.clip(0, 255).astype(np.uint8)
