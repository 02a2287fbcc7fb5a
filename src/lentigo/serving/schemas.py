"""What is answered, as JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from lentigo.report.words import Words
from lentigo.runtime.finding import Finding


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PngPicture(_Part):
    """A PNG file in base64."""

    format: Literal["png"] = "png"
    base64: str


class RunLengths(_Part):
    """A mask as COCO's uncompressed run lengths.

    Attributes:
        size: Height and width of the photo.
        counts: Pixels outside, inside, outside ... down the columns, from left to right.
    """

    format: Literal["rle"] = "rle"
    size: tuple[int, int]
    counts: tuple[Annotated[int, Field(ge=0)], ...]


class Analysis(Finding):
    """A finding, as ``lentigo analyze`` writes it, and the pictures that were asked for.

    Attributes:
        overlay: The photo, long side at most 1024 px, with the outline; there where asked for.
        mask: The lesion at the photo's own size; there where asked for, null for a refused image.
        preview: The photo, long side at most 1024 px; there where asked for.
        words: What the finding means; there where asked for.
    """

    overlay: PngPicture | None = None
    mask: Annotated[PngPicture | RunLengths, Field(discriminator="format")] | None = None
    preview: PngPicture | None = None
    words: Words | None = None


class BundleInfo(_Part):
    """A bundle that is at work here."""

    name: str
    task: Literal["segmentation", "classification"]
    net: str
    sha256: str
    precision: str
    input_size_px: tuple[int, int]
    classes: tuple[str, ...]
    diagnoses: tuple[str, ...]
    operating_points: dict[str, float]
    operating_point: str
    trained_on: tuple[str, ...]
    licence: str
    notes: tuple[str, ...]


class BundleList(_Part):
    """The bundles that are at work here: the segmenter, then the classifier.

    Attributes:
        bundles: Both.
        dicom: Whether /v1/segmentation can write DICOM here.
    """

    bundles: tuple[BundleInfo, ...]
    dicom: bool


class Health(_Part):
    """That a worker answers."""

    status: Literal["ok"] = "ok"
