"""A finding: everything that is said about one image, as it goes into JSON."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from lentigo.imaging.arrays import Mask, Pixels

NOTICE = "Research use only: not a medical device, not a diagnosis."

UNCERTAIN_OUTLINE: Final = "uncertain-outline"
"""The code of the warning that an outline should be looked at."""

Decision = Literal["malignant", "benign"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BoxPx(_Part):
    """The lesion's box with some skin around it, in pixels of the photo."""

    top: int
    left: int
    height: int
    width: int


class Measurements(_Part):
    """The lesion's size and shape; `lentigo.imaging.measure` defines each."""

    area_share: float
    area_px: float
    equivalent_diameter_px: float
    asymmetry: float
    border_irregularity: float
    colour_variegation: float
    area_mm2: float | None = None
    equivalent_diameter_mm: float | None = None


class OutlineQuality(_Part):
    """How good the outline is expected to be, as the segmenter's bundle tells.

    Attributes:
        expected_jaccard: The Jaccard with an expert's outline to expect, 0–1; 0 without a lesion.
        review_below: Below this, a person should look at the outline.
    """

    expected_jaccard: float = Field(ge=0, le=1)
    review_below: float = Field(ge=0, le=1)


class AppliedPoint(_Part):
    """The operating point that made the decision."""

    name: str
    threshold: float
    rule: str


class QualityNote(_Part):
    """Something about the image that makes the finding less trustworthy."""

    code: str
    message: str


class UsedBundle(_Part):
    """Which bundle spoke, and in which arithmetic; its SHA-256 stands for all of its files."""

    name: str
    sha256: str
    precision: str


class Provenance(_Part):
    """What made the finding: enough to make it again."""

    lentigo: str
    engine: str
    segmenter: UsedBundle
    classifier: UsedBundle


@dataclass(frozen=True)
class Pictures:
    """What is seen rather than said.

    Attributes:
        mask: bool, at the photo's own size; True = lesion.
        overlay: uint8 H×W×3, the photo (long side ≤ 1024 px) with the lesion's outline.
        crop: uint8 H×W×3, the lesion and some skin around it; None where none was found.
    """

    mask: Mask
    overlay: Pixels
    crop: Pixels | None


class Finding(BaseModel):
    """The result for one image.

    Attributes:
        image: The file's path as it was given; None for an array.
        image_sha256: SHA-256 of the file; None for an array.
        size_px: (height, width) of the photo, upright.
        lesion_found: Whether the mask holds anything.
        outline_quality: How good the outline is expected to be; None where the bundle does not
            tell.
        contour: (x, y) points around the largest lesion part, in pixels of the photo.
        box: The lesion with some skin around it; None where none was found.
        measurements: Size, shape and colour; None where no lesion was found.
        probability_malignant: Calibrated, 0–1.
        operating_point: The threshold applied, its name, and the rule that chose it.
        decision: ``malignant`` when the probability reaches the threshold, else ``benign``.
        warnings: Why to trust this finding less; empty is good.
        made_with: Software and bundles.
        pictures: Mask, overlay and crop; not part of the JSON, None in a finding read from it.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True
    )

    schema_version: Literal[1] = 1
    notice: str = NOTICE
    image: str | None
    image_sha256: str | None
    size_px: tuple[int, int]
    probability_malignant: float = Field(ge=0, le=1)
    operating_point: AppliedPoint
    decision: Decision
    warnings: tuple[QualityNote, ...]
    lesion_found: bool
    outline_quality: OutlineQuality | None = None
    measurements: Measurements | None
    box: BoxPx | None
    contour: tuple[tuple[float, float], ...]
    made_with: Provenance
    pictures: Pictures | None = Field(default=None, exclude=True, repr=False)
