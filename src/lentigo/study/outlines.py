"""The same test images with every row's outline: few images, chosen by a fixed rule."""

import base64
import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from PIL import Image

from lentigo.files import write_json
from lentigo.imaging.arrays import Mask
from lentigo.imaging.contour import TOLERANCE_PX, outline
from lentigo.imaging.read import read_mask, read_photo
from lentigo.runtime.segmenter import Segmenter
from lentigo.study.document import RowResult

SHOWN = 12
PICTURE_PX = 220
_FINENESS = 400  # a polygon may leave the mask's own border by 1/400 of its long side


class Picture(NamedTuple):
    """A test image as the page embeds it.

    Attributes:
        image_id: Its id.
        uri: A small JPEG as a data URI.
        width: Of the picture, in px; outlines are in these units.
        height: Of the picture, in px.
        truth: The ground truth's outline as an SVG path.
    """

    image_id: str
    uri: str
    width: int
    height: int
    truth: str


class GalleryRow(NamedTuple):
    """A row's outlines: SVG paths and Jaccard by image id."""

    row: RowResult
    paths: Mapping[str, str]
    jaccard: Mapping[str, float]


class Gallery(NamedTuple):
    """The same images with every row's outline.

    Attributes:
        ranked_by: The row whose Jaccard the images were chosen by.
        pictures: The images, from that row's worst to its best.
        rows: The rows with an outline of each.
    """

    ranked_by: RowResult
    pictures: tuple[Picture, ...]
    rows: tuple[GalleryRow, ...]


def choose_images(table: pl.DataFrame, count: int = SHOWN) -> list[str]:
    """Return ``count`` image ids evenly over the ranks of Jaccard, the worst and best included.

    Args:
        table: One line an image with ``image_id`` and ``jaccard``.
        count: How many, at least 2; all where there are fewer.
    """
    ids = table.sort("jaccard", "image_id")["image_id"].to_list()
    if len(ids) <= count:
        return ids
    return [ids[round(i * (len(ids) - 1) / (count - 1))] for i in range(count)]


def picture(row: dict[str, Any]) -> Picture:
    """Return a manifest's row as a picture.

    Raises:
        ImageError: The image or its mask cannot be read.
    """
    photo = read_photo(row["image"], min_side_px=PICTURE_PX)
    image = Image.fromarray(photo.pixels)
    image.thumbnail((PICTURE_PX, PICTURE_PX))
    stream = BytesIO()
    image.save(stream, "JPEG", quality=80)
    uri = f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
    return Picture(
        image_id=row["image_id"],
        uri=uri,
        width=image.width,
        height=image.height,
        truth=svg_path(read_mask(row["mask"]), image.size),
    )


def svg_path(mask: Mask, size: tuple[int, int]) -> str:
    """Return a mask's outlines as an SVG path in a picture of ``size`` (width, height)."""
    height, width = mask.shape
    scale = np.array([size[0] / width, size[1] / height])
    polygons = outline(mask, max(TOLERANCE_PX, max(mask.shape) / _FINENESS))
    return "".join(
        f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in (polygon + 0.5) * scale)}Z"
        for polygon in polygons
    )


def outlines_of(
    bundle: Path, images: Sequence[dict[str, Any]], pictures: Sequence[Picture], kept: Path
) -> dict[str, str]:
    """Return a bundle's outline of each image as an SVG path, by image id.

    Args:
        bundle: The bundle's folder.
        images: Rows of the manifest.
        pictures: The same images as the page embeds them.
        kept: A JSON file in which outlines are kept, so that no image is segmented twice.
    """
    paths: dict[str, str] = json.loads(kept.read_text()) if kept.is_file() else {}
    wanted = [(row, shown) for row, shown in zip(images, pictures, strict=True)]
    if missing := [(row, shown) for row, shown in wanted if row["image_id"] not in paths]:
        segmenter = Segmenter(bundle)
        for row, shown in missing:
            found = segmenter.segment(read_photo(row["image"])).mask
            paths[shown.image_id] = svg_path(found, (shown.width, shown.height))
        write_json(kept, paths)
    return {shown.image_id: paths[shown.image_id] for shown in pictures}
