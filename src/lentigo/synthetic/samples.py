"""A folder of drawn sample images."""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

from lentigo.files import atomic_open
from lentigo.imaging.arrays import Size
from lentigo.synthetic.draw import SyntheticLesion, draw_lesion


class Sample(NamedTuple):
    """The files of one sample.

    Attributes:
        image: The picture, a JPEG.
        mask: Its true mask, a PNG of 0 and 255.
    """

    image: Path
    mask: Path


def sample_set(folder: Path, count: int = 12, size_px: Size = (384, 512)) -> list[Sample]:
    """Write samples to ``folder/images`` and ``folder/masks``, the same at every call.

    Skin types take turns, each with a benign and a malignant lesion in every twelve; hair, ruler,
    gel bubbles and the tube's edge are spread over them. File names tell the truth about each.

    Args:
        folder: Where to write; made where missing.
        count: How many, at least 1.
        size_px: Height and width of each.

    Raises:
        ValueError: ``count`` is less than 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    return [_write(folder, index, _draw(index, size_px)) for index in range(count)]


def _draw(index: int, size_px: Size) -> SyntheticLesion:
    return draw_lesion(
        seed=index,
        size_px=size_px,
        fitzpatrick=index % 6 + 1,
        malignant=(index + index // 6) % 2 == 1,
        hair=index % 3 == 1,
        ruler=index % 4 == 2,
        gel=index % 4 == 3,
        tube=index % 5 == 4,
    )


def _write(folder: Path, index: int, lesion: SyntheticLesion) -> Sample:
    truth = "malignant" if lesion.malignant else "benign"
    name = f"sample-{index + 1:02d}-skin-type-{lesion.fitzpatrick}-{truth}"
    sample = Sample(folder / "images" / f"{name}.jpg", folder / "masks" / f"{name}.png")
    with atomic_open(sample.image) as stream:
        Image.fromarray(lesion.image).save(stream, "JPEG", quality=92)
    with atomic_open(sample.mask) as stream:
        Image.fromarray(lesion.mask).convert("L").save(stream, "PNG")
    return sample
