"""Many images: each one's results are written as soon as they are there, faults are passed over."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from PIL import Image
from pydantic import ValidationError

from lentigo.errors import ImageError, LentigoError
from lentigo.files import sha256_of, write_bytes, write_text
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.encode import mask_png
from lentigo.runtime.analyzer import Analyzer, printable
from lentigo.runtime.cores import MOST_AT_ONCE, cores
from lentigo.runtime.finding import Finding, Pictures
from lentigo.runtime.outputs import CROP, FINDING, HEAT, IMAGES, MASK, OVERLAY, name_outputs


@dataclass(frozen=True)
class Done:
    """An image that was analysed.

    Attributes:
        image: The file's path as it was given.
        folder: Where its results lie.
        finding: The finding without its pictures.
        resumed: Whether an earlier run had made the finding.
    """

    image: str
    folder: Path
    finding: Finding
    resumed: bool = False


@dataclass(frozen=True)
class Skipped:
    """A path that gave no image.

    Attributes:
        image: The path as it was given.
        fault: Why it cannot be read.
    """

    image: str
    fault: str

    @classmethod
    def because(cls, error: ImageError) -> "Skipped":
        """Return the outcome that an error comes to."""
        return cls(printable(error.path), error.fault)


Outcome: TypeAlias = Done | Skipped


def analyze_many(
    analyzer: Analyzer,
    images: Sequence[Path],
    out_dir: Path,
    *,
    resume: bool = False,
    heat_maps: bool = False,
) -> Iterator[Outcome]:
    """Analyse images one after the other and yield what became of each, in their order.

    Each image gets ``out_dir/images/NAME/`` with ``mask.png`` (at the photo's own size),
    ``overlay.jpg``, ``crop.jpg`` where a lesion was found, ``heat.jpg`` where it was asked for and
    the classifier tells it (a refused image: ``overlay.jpg`` alone, the photo as it is) and, last,
    ``finding.json``: where that file stands, the image is done. Memory does not grow with the
    number of images.

    Args:
        analyzer: What looks at them, quickest if it expects :func:`~lentigo.runtime.cores.at_once`.
        images: The files.
        out_dir: Where results go.
        resume: Keep the findings of an earlier run that the same content, bundles, engine,
            version, gate and operating point made.
        heat_maps: Write each heat map, over the overlay.

    Raises:
        LentigoError: Results cannot be written, the disk is full for instance.
    """
    # Reading, drawing and writing of one image run while the models look at others. One more than
    # there are cores, as one often waits for the disk to have a file for good.
    workers = min(MOST_AT_ONCE, cores() + 1)
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[Outcome]] = deque()
    try:
        for image, name in zip(images, name_outputs(images), strict=True):
            folder = out_dir / IMAGES / name
            job = pool.submit(
                _analyze_one, analyzer, image, folder, resume=resume, heat_maps=heat_maps
            )
            waiting.append(job)
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _analyze_one(
    analyzer: Analyzer, image: Path, folder: Path, *, resume: bool, heat_maps: bool
) -> Outcome:
    earlier = _earlier_finding(analyzer, image, folder) if resume else None
    if earlier and heat_maps and earlier.heat_map and not (folder / HEAT).is_file():
        earlier = None  # the earlier run did not write it
    if earlier is not None:
        return Done(printable(image), folder, earlier, resumed=True)
    try:
        finding = analyzer.analyze(image)
    except ImageError as error:
        return Skipped.because(error)
    try:
        _write(finding, folder, heat_maps=heat_maps)
    except OSError as error:
        raise LentigoError(
            f"{folder}: cannot be written ({error.strerror}); what is done is kept, "
            "and --resume will go on from there"
        ) from error
    return Done(printable(image), folder, finding.model_copy(update={"pictures": None}))


def _earlier_finding(analyzer: Analyzer, image: Path, folder: Path) -> Finding | None:
    try:
        finding = Finding.model_validate_json((folder / FINDING).read_bytes())
        content = sha256_of(image)
    except (OSError, ValidationError):  # not there, or of another version: done again
        return None
    made = (printable(image), content, analyzer.made_with, analyzer.operating_point)
    found = (finding.image, finding.image_sha256, finding.made_with, finding.operating_point)
    return finding if made == found else None


def _write(finding: Finding, folder: Path, *, heat_maps: bool) -> None:
    assert finding.pictures is not None  # a finding fresh from the analyzer has them
    (folder / FINDING).unlink(missing_ok=True)  # a stop half-way must not look done
    pictures: Pictures = finding.pictures
    mask = None if pictures.mask is None else mask_png(pictures.mask)
    write_bytes(folder / OVERLAY, _jpeg(pictures.overlay))
    heat_map = finding.heat_map if heat_maps else None
    heat = None if heat_map is None else heat_map.draw(pictures.overlay, finding.size_px)
    _write_or_remove(folder / MASK, mask)
    _write_or_remove(folder / CROP, None if pictures.crop is None else _jpeg(pictures.crop))
    _write_or_remove(folder / HEAT, None if heat is None else _jpeg(heat))
    write_text(folder / FINDING, finding.model_dump_json(indent=2) + "\n")


def _write_or_remove(path: Path, content: bytes | None) -> None:
    """Write a picture that not every image has; an earlier run's does not outlive its cause."""
    if content is None:
        path.unlink(missing_ok=True)
    else:
        write_bytes(path, content)


def _jpeg(pixels: Pixels) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=92)
    return stream.getvalue()
