"""The page that a person reads: one self-contained HTML file, the answer first."""

import base64
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from lentigo.report.summary import Summary
from lentigo.report.words import DIAGNOSES, headline, percent
from lentigo.runtime.batch import Done
from lentigo.runtime.cores import at_once
from lentigo.runtime.finding import NOTICE, Finding, Measurements, OutlineQuality
from lentigo.runtime.outputs import CROP, FINDING, HEAT, MASK, OVERLAY

THUMBNAIL_PX = 512


class Picture(NamedTuple):
    """A picture embedded in the page."""

    caption: str
    uri: str


class Reason(NamedTuple):
    """One measured property of a lesion."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Card:
    """One finding as the page shows it."""

    name: str
    folder: str
    files: tuple[str, ...]
    pictures: tuple[Picture, ...]
    reasons: tuple[Reason, ...]
    diagnoses: tuple[tuple[str, float], ...]
    finding: Finding


def render_page(summary: Summary, out_dir: Path) -> str:
    """Return the page for a run whose files lie in ``out_dir``, pictures embedded."""
    shown = summary.highest
    with ThreadPoolExecutor(at_once(len(shown))) as pool:
        cards = list(pool.map(partial(_card, out_dir=out_dir), summary.names, shown))
    return (
        environment()
        .get_template("report.html")
        .render(
            summary=summary,
            cards=cards,
            first=cards[0].finding if cards else None,
            headline=_headline(summary),
            notice=NOTICE,
        )
    )


def _headline(summary: Summary) -> str:
    if not summary.analysed:
        return "No image could be read"
    if not summary.scored:
        return f"No image was scored: {summary.refused} refused as not dermoscopy"
    if summary.analysed == 1:
        return headline(summary.highest[0].finding)
    refused = f", {summary.refused} refused" if summary.refused else ""
    images = "image" if summary.scored == 1 else "images"
    return f"{summary.malignant} of {summary.scored} {images} called malignant{refused}"


def environment() -> Environment:
    """Return what renders this folder's templates."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["percent"] = percent
    return made


def reasons(measured: Measurements, quality: OutlineQuality | None) -> tuple[Reason, ...]:
    """Return a lesion's measurements and its outline's quality in words, explained once below."""
    size = f"{measured.equivalent_diameter_px:,.0f} px"
    if measured.equivalent_diameter_mm is not None:
        size = f"{measured.equivalent_diameter_mm:.1f} mm"
    return (
        Reason("Size", size, f"{percent(measured.area_share)} of image"),
        Reason("Asymmetry", f"{measured.asymmetry:.2f}"),
        Reason("Border", f"{measured.border_irregularity:.2f}"),
        Reason("Colour", f"{measured.colour_variegation:.1f}"),
        *((Reason("Outline", f"{quality.expected_jaccard:.2f}", "expected"),) if quality else ()),
    )


def diagnoses_in_words(finding: Finding) -> tuple[tuple[str, float], ...]:
    """Return each diagnosis in words with its share, the greatest first; none where not told."""
    return tuple(
        (DIAGNOSES.get(name, name), share) for name, share in (finding.diagnoses or {}).items()
    )


def _card(name: str, done: Done, out_dir: Path) -> Card:
    # Someone may have removed a picture since an earlier run: the page then does without it.
    files = [
        file for file in (MASK, OVERLAY, HEAT, CROP, FINDING) if (done.folder / file).is_file()
    ]
    finding, measured = done.finding, done.finding.measurements
    return Card(
        name=name,
        folder=done.folder.relative_to(out_dir).as_posix(),
        files=tuple(files),
        pictures=tuple(_pictures(done, files)),
        reasons=reasons(measured, finding.outline_quality) if measured else (),
        diagnoses=diagnoses_in_words(finding),
        finding=finding,
    )


def _pictures(done: Done, files: Collection[str]) -> Iterator[Picture]:
    """Return the card's pictures; the heat map needs no file of its own, the overlay is enough."""
    if OVERLAY in files:
        overlay, heat_map = _thumbnail(done.folder / OVERLAY), done.finding.heat_map
        yield Picture("Image" if done.finding.refusal else "Outline", data_uri(overlay))
        if heat_map is not None:
            drawn = heat_map.draw(np.asarray(overlay), done.finding.size_px)
            caption = "Heat map" if heat_map.visible else "Heat map, empty"
            yield Picture(caption, data_uri(Image.fromarray(drawn)))
    if CROP in files:
        yield Picture("Crop", data_uri(_thumbnail(done.folder / CROP)))


def _thumbnail(path: Path) -> Image.Image:
    """Return a small copy of a picture."""
    with Image.open(path, formats=["JPEG"]) as image:
        longest = max(image.size)
        width, height = (max(1, side * THUMBNAIL_PX // longest) for side in image.size)
        image.thumbnail((width, height), reducing_gap=1.0)  # of its aspect, it is decoded small
        return image.copy()


def data_uri(image: Image.Image) -> str:
    """Return a picture as the address of itself, a JPEG in base64."""
    stream = BytesIO()
    image.save(stream, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
