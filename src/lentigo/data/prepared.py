"""Prepared pixels: a dataset decoded and fitted to a network's input once, then memory-mapped."""

import hashlib
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lentigo.data.cache import default_cache_dir
from lentigo.data.workers import workers
from lentigo.errors import SourceError
from lentigo.imaging.arrays import Mask, Pixels, Size
from lentigo.imaging.geometry import Letterbox
from lentigo.imaging.read import read_mask, read_photo

if TYPE_CHECKING:  # the processes that prepare start sooner without it
    import polars as pl

FORMAT_VERSION: Final = 1
"""Raise it when the same files would give other pixels, so that old stores are not used."""

Progress = Callable[[int, int], None]
"""Called with how many images are done, and of how many."""

Arrays: TypeAlias = tuple[NDArray[Any], ...]
Make: TypeAlias = Callable[[str, str | None], Arrays]
"""From the paths of an image and its mask, or None, to its arrays."""

_BLOCK = 32  # images that a worker makes and writes at a time; bounds the memory
_ABANDONED_S = 24 * 3600


@dataclass(frozen=True, eq=False)
class Prepared:
    """A dataset's pixels, in the order of its manifest.

    Attributes:
        ids: The ``image_id`` of each of the N images.
        images: uint8 N×H×W×3, RGB, read-only and memory-mapped; N×H×W×C of a classifier's view.
        masks: uint8 N×H×W, 1 = lesion, 0 where an image has none; None without any mask.
        has_mask: bool N; of a view with a region, whether the image's mask held a lesion.
    """

    ids: tuple[str, ...]
    images: NDArray[np.uint8]
    masks: NDArray[np.uint8] | None
    has_mask: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.ids)


def prepare(
    manifest: "pl.DataFrame",
    size_px: Size,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Fit each image and mask to ``size_px`` by ``Letterbox``, or find it done already.

    Args:
        manifest: Rows that all have an image.
        size_px: Height and width of the network's input.
        cache_dir: Where stores live; ``default_cache_dir()`` where not given.
        progress: Told of each image that is done; not called where the store exists.

    Raises:
        SourceError: A row has no image, a file is missing, a mask has another shape than its
            image, or the disk is too small.
        ImageError: A file cannot be read.
    """
    has_masks = manifest["mask"].count() > 0
    planes = {"images": (*size_px, 3)} | ({"masks": size_px} if has_masks else {})
    stored = in_store(
        manifest,
        (FORMAT_VERSION, tuple(size_px)),
        planes,
        partial(_fitted, size_px=size_px, masks=has_masks),
        cache_dir,
        progress,
    )
    return Prepared(
        ids=tuple(manifest["image_id"]),
        images=stored["images"],
        masks=stored.get("masks"),
        has_mask=manifest["mask"].is_not_null().to_numpy(),
    )


def in_store(
    manifest: "pl.DataFrame",
    made_by: tuple[object, ...],
    planes: Mapping[str, tuple[int, ...]],
    make: Make,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    processes: bool = True,
) -> dict[str, NDArray[np.uint8]]:
    """Make arrays of each image, or find them made already, and map them into memory.

    A store is named by what made it: the ids, the path, size and time of each file, and
    ``made_by``. It takes its name only when it is whole, so processes that prepare the same at
    once do each other no harm.

    Args:
        manifest: Rows that all have an image.
        made_by: All else that decides the arrays, as values whose ``repr`` tells them apart.
        planes: Each array's name and its shape for one image.
        make: Returns one image's arrays, one byte a value, in the order of ``planes``.
        cache_dir: Where stores live; ``default_cache_dir()`` where not given.
        progress: Told of each image that is done; not called where the store exists.
        processes: Whether ``make`` may be sent to other processes, by pickling; else threads run
            it.

    Returns:
        uint8 arrays by name, read-only, N× the shape.

    Raises:
        SourceError: A row has no image, a file is missing, or the disk is too small.
    """
    if absent := manifest["image"].null_count():
        raise SourceError(f"{absent} of {manifest.height} rows have no image; leave them out")
    cache_dir = default_cache_dir() if cache_dir is None else cache_dir
    store = cache_dir / "prepared" / _key(manifest, made_by)
    if not store.is_dir():
        store.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(store.parent)
        _build(store, manifest, planes, make, progress, processes)
    return {name: np.load(store / f"{name}.npy", mmap_mode="r") for name in planes}


def _key(manifest: "pl.DataFrame", made_by: tuple[object, ...]) -> str:
    digest = hashlib.sha256(repr(made_by).encode())
    for row in manifest.select("image_id", "image", "mask").iter_rows():
        digest.update(repr((row, *map(_stamp, row[1:]))).encode())
    return digest.hexdigest()[:32]


def _stamp(path: str | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = Path(path).stat()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; run `lentigo data audit`") from error
    return status.st_size, status.st_mtime_ns


def _build(
    store: Path,
    manifest: "pl.DataFrame",
    planes: Mapping[str, tuple[int, ...]],
    make: Make,
    progress: Progress | None,
    processes: bool,
) -> None:
    _check_room(store.parent, manifest.height * sum(map(math.prod, planes.values())))
    unfinished = Path(tempfile.mkdtemp(dir=store.parent, suffix=".part"))
    try:
        _write(unfinished, manifest, planes, make, progress, processes)
        unfinished.chmod(0o755)
        unfinished.rename(store)
    except OSError:
        if not store.is_dir():  # else another process was first; its store is the same
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SourceError(
            f"{folder}: prepared pixels need {needed / 1e9:.1f} GB, but {free / 1e9:.1f} GB are "
            "free; make room, or set LENTIGO_CACHE to a folder on another disk"
        )


def _write(
    folder: Path,
    manifest: "pl.DataFrame",
    planes: Mapping[str, tuple[int, ...]],
    make: Make,
    progress: Progress | None,
    processes: bool,
) -> None:
    """Write the arrays of all images; each worker puts its own where they belong."""
    files = [
        _Plane(folder / f"{name}.npy", shape, manifest.height) for name, shape in planes.items()
    ]
    for file in files:
        file.create()
    rows = manifest.select("image", "mask").rows()
    blocks = range(0, len(rows), _BLOCK)
    done = 0
    with workers(len(rows), processes) as pool:
        jobs = [
            pool.submit(_write_block, files, start, rows[start : start + _BLOCK], make)
            for start in blocks
        ]
        for job in jobs:
            for _ in range(job.result()):
                done += 1
                if progress is not None:
                    progress(done, len(rows))


@dataclass(frozen=True)
class _Plane:
    """An ``.npy`` file of uint8, ``images`` × ``shape``, that several processes write into."""

    path: Path
    shape: tuple[int, ...]
    images: int

    def create(self) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.images, *self.shape)}
        with self.path.open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            stream.truncate(stream.tell() + self.images * math.prod(self.shape))

    def write(self, start: int, values: Sequence[NDArray[Any]]) -> None:
        # Written, not mapped: a disk that fills up is then an error, not the process's death.
        with self.path.open("r+b") as stream:
            stream.seek((start - self.images) * math.prod(self.shape), 2)  # counted from the end
            stream.writelines(one.tobytes() for one in values)


def _write_block(
    files: Sequence[_Plane], start: int, rows: Sequence[tuple[str, str | None]], make: Make
) -> int:
    """Make the arrays of a block of images and write them; return how many images they are of."""
    made = [make(image, mask) for image, mask in rows]
    for file, values in zip(files, zip(*made, strict=True), strict=True):
        file.write(start, values)
    return len(rows)


def _fitted(image: str, mask: str | None, *, size_px: Size, masks: bool) -> Arrays:
    """Return what a store of fitted images holds of one: its pixels, and its mask if it has any."""
    pixels, lesion = fit(image, mask, size_px)
    return (pixels, lesion) if masks else (pixels,)


def fit(image: str, mask: str | None, size_px: Size) -> tuple[Pixels, Mask]:
    """Read an image and its mask and fit both to ``size_px``.

    Returns:
        uint8 H×W×3, and bool H×W that is False everywhere where ``mask`` is None.

    Raises:
        ImageError: A file cannot be read.
        SourceError: The mask has another shape than the image.
    """
    photo = read_photo(image, min_side_px=max(size_px))
    pixels = Letterbox(photo.size_px, size_px).image(photo.pixels)
    if mask is None:
        return pixels, np.zeros(size_px, dtype=np.bool_)
    lesion = read_mask(mask)
    try:
        return pixels, Letterbox(photo.size_px, size_px).mask(lesion)
    except ValueError as error:
        raise SourceError(f"{mask}: does not fit its image {image}: {error}") from error


def _remove_abandoned(folder: Path) -> None:
    """Remove what a killed process left unfinished, once it is a day old."""
    for unfinished in folder.glob("*.part"):
        try:
            abandoned = time.time() - unfinished.stat().st_mtime > _ABANDONED_S
        except FileNotFoundError:
            continue
        if abandoned:
            shutil.rmtree(unfinished, ignore_errors=True)
