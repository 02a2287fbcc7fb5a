"""A finding: everything that is said about one image, as it goes into JSON."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lentigo.imaging.arrays import Box, Mask, Pixels
from lentigo.imaging.heat import VISIBLE, Heat, draw_heat, positive_share

NOTICE = "Research use only: not a medical device, not a diagnosis."

UNCERTAIN_OUTLINE: Final = "uncertain-outline"
"""The code of the warning that an outline should be looked at."""

NOT_DERMOSCOPY: Final = "not-dermoscopy"
"""The code of a refusal, and of the warning where such an image was scored all the same."""

Decision = Literal["malignant", "benign", "refused"]
Outliner = Literal["segmenter", "caller"]
Share = Annotated[float, Field(ge=0, le=1)]


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


def called(probability: float, point: AppliedPoint) -> Decision:
    """Return what an image of this probability, 0–1, is called at an operating point."""
    return "malignant" if probability >= point.threshold else "benign"


class QualityNote(_Part):
    """Something about the image that makes the finding less trustworthy."""

    code: str
    message: str


class Refusal(_Part):
    """Why an image was not looked at by the nets.

    Attributes:
        code: ``not-dermoscopy``.
        message: The reason in one sentence, with what the gate saw.
        score: The gate's score of the image.
        accept_from: The least score that is accepted.
    """

    code: str
    message: str
    score: float
    accept_from: float


class UsedGate(_Part):
    """Which gate stood before the nets; its SHA-256 stands for its numbers.

    Attributes:
        refuses: Whether it kept images from being scored; else it only warned.
    """

    sha256: str
    refuses: bool


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
    gate: UsedGate | None = None


class HeatMap(_Part):
    """Where in the photo the classifier sees signs of malignancy, coarsely.

    Attributes:
        box: The part of the photo that it covers.
        values: Rows of equal cells of the box, each the logit, less its bias, that this place alone
            would give: above 0 speaks for malignancy, below 0 against it. Not calibrated.
    """

    box: BoxPx
    values: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, heat: Heat) -> "HeatMap":
        """Return a heat map as it goes into a finding."""
        rows = heat.values.astype(float).round(3).tolist()
        return cls(box=BoxPx(**heat.box._asdict()), values=rows)

    @property
    def visible(self) -> bool:
        """Whether any place speaks for malignancy so much that a picture of it shows it."""
        return bool(positive_share(np.array(self.values, np.float32)).max() >= VISIBLE)

    def draw(self, picture: Pixels, size_px: tuple[int, int]) -> Pixels:
        """Return a picture of the whole photo, at any scale, with the heat map over it.

        Args:
            picture: uint8 h×w×3.
            size_px: (height, width) of the photo.
        """
        heat = Heat(np.array(self.values, np.float32), Box(**self.box.model_dump()))
        return draw_heat(picture, heat.over(size_px, picture.shape[:2]))


@dataclass(frozen=True)
class Pictures:
    """What is seen rather than said.

    Attributes:
        mask: bool, at the photo's own size; True = lesion. None for a refused image.
        overlay: uint8 H×W×3, the photo (long side ≤ 1024 px) with the lesion's outline, if any.
        crop: uint8 H×W×3, the lesion and some skin around it; None where none was found.
    """

    mask: Mask | None
    overlay: Pixels
    crop: Pixels | None


class Finding(BaseModel):
    """The result for one image.

    Attributes:
        image: The file's path as it was given; None for an array.
        image_sha256: SHA-256 of the file; None for an array.
        size_px: (height, width) of the photo, upright.
        lesion_found: Whether the mask holds anything.
        outline_by: Whose outline it is: the segmenter's, or one that the caller gave.
        outline_quality: How good the outline is expected to be; None where the bundle does not
            tell, and for a caller's outline.
        contour: (x, y) points around the largest lesion part, in pixels of the photo.
        box: The lesion with some skin around it; None where none was found.
        measurements: Size, shape and colour; None where no lesion was found.
        probability_malignant: Calibrated, 0–1; None for a refused image.
        diagnoses: Each diagnosis's share, 0–1, the greatest first; they sum to 1. Not calibrated,
            and those that are malignant need not add up to ``probability_malignant``. None where
            the classifier's bundle does not tell, and for a refused image.
        operating_point: The threshold applied, its name, and the rule that chose it.
        decision: ``malignant`` when the probability reaches the threshold, else ``benign``;
            ``refused`` for an image that does not look like dermoscopy, which is not scored.
        refusal: Why it was refused; None where it was not.
        heat_map: Where the classifier sees signs of malignancy; None where its bundle does not
            tell, and for a refused image.
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
    probability_malignant: float | None = Field(ge=0, le=1)
    diagnoses: dict[str, Share] | None = None
    operating_point: AppliedPoint
    decision: Decision
    refusal: Refusal | None = None
    warnings: tuple[QualityNote, ...]
    lesion_found: bool
    outline_by: Outliner = "segmenter"
    outline_quality: OutlineQuality | None = None
    measurements: Measurements | None
    box: BoxPx | None
    contour: tuple[tuple[float, float], ...]
    heat_map: HeatMap | None = None
    made_with: Provenance
    pictures: Pictures | None = Field(default=None, exclude=True, repr=False)

    def decided_at(self, point: AppliedPoint) -> "Finding":
        """Return the same finding, decided at another operating point; a refusal stays one."""
        risk = self.probability_malignant
        decision = self.decision if risk is None else called(risk, point)
        return self.model_copy(update={"operating_point": point, "decision": decision})

    @model_validator(mode="after")
    def _check_refusal(self) -> "Finding":
        signs = (self.decision == "refused", self.refusal is not None)
        if len({*signs, self.probability_malignant is None}) > 1:
            raise ValueError("refused must mean: a reason and no probability")
        return self
