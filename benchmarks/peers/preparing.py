"""Decoding and resizing photos in a pool of processes, one a core."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SIZE_PX = (256, 256)
_CHUNK = 8


def with_pillow(path: Path) -> np.ndarray:
    """Decode the photo and resize it, antialiased."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize(SIZE_PX, Image.Resampling.BILINEAR))


def with_pillow_draft(path: Path) -> np.ndarray:
    """The same by one who knows of JPEG's scaled decoding."""
    with Image.open(path) as image:
        image.draft("RGB", SIZE_PX)
        return np.asarray(image.convert("RGB").resize(SIZE_PX, Image.Resampling.BILINEAR))


def with_opencv(path: Path) -> np.ndarray:
    """``imread`` and ``resize`` by area, which OpenCV's manual advises for shrinking."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return cv2.cvtColor(
        cv2.resize(pixels, SIZE_PX, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB
    )


def decode_only(path: Path) -> int:
    """Decode at the scale that is enough, and nothing else: the limit."""
    with Image.open(path) as image:
        image.draft("RGB", SIZE_PX)
        image.load()
        return image.width


PEERS = {"Pillow": with_pillow, "Pillow with draft": with_pillow_draft, "OpenCV": with_opencv}


def prepare(way: Callable[[Path], np.ndarray], paths: Sequence[Path], out: Path) -> None:
    """Fill an ``.npy`` file with what ``way`` makes of each photo."""
    shape = (len(paths), *SIZE_PX, 3)
    images = np.lib.format.open_memmap(out, mode="w+", dtype=np.uint8, shape=shape)
    with ProcessPoolExecutor(os.cpu_count(), initializer=_single_thread) as pool:
        for at, pixels in enumerate(pool.map(way, paths, chunksize=_CHUNK)):
            images[at] = pixels


def decode(paths: Sequence[Path]) -> None:
    """Decode all photos at the scale that is enough."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(decode_only, paths, chunksize=_CHUNK):
            pass


def _single_thread() -> None:
    cv2.setNumThreads(1)  # a process a core is enough
