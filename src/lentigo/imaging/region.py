"""Which part of a photo a classifier is shown."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

RegionKind = Literal["masked", "crop", "crop+mask", "frame+crop"]

_CHANNELS: Final[dict[RegionKind, int]] = {"masked": 3, "crop": 3, "crop+mask": 4, "frame+crop": 6}


class Region(BaseModel):
    """What is shown of a photo in place of the whole frame, told by the lesion's mask.

    Attributes:
        kind: ``masked``, the frame with all but the lesion black; ``crop``, the lesion's box;
            ``crop+mask``, that and its mask as a fourth channel; ``frame+crop``, two pictures.
        context: Skin around the lesion on each side of the crop, as a share of its box's longer
            side, as `lentigo.imaging.crop.lesion_box` takes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: RegionKind
    context: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _context_of_a_crop(self) -> "Region":
        if self.kind == "masked" and self.context:
            raise ValueError("context belongs to a crop; leave it out for masked")
        return self

    @property
    def channels(self) -> int:
        """Channels of what is shown: 3 of a picture, 4 with a mask, 6 of two pictures."""
        return _CHANNELS[self.kind]

    def __str__(self) -> str:
        """Tell it in words."""
        skin = f" with {self.context:.0%} of skin on each side" if self.context else ""
        return {
            "masked": "the photo with all but the lesion black",
            "crop": f"the lesion's box{skin}",
            "crop+mask": f"the lesion's box{skin}, and the lesion's mask",
            "frame+crop": f"the whole frame, and the lesion's box{skin}",
        }[self.kind]
