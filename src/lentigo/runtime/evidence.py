"""What a classifier's own evaluation says of images like this one, as its bundle tells it."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lentigo.bundle import BundleSpec
from lentigo.runtime.finding import Share

ENOUGH = 20
"""Images that a bin must hold before their share is told; of fewer it would say little."""


class _Part(BaseModel):
    # A bundle's metrics hold much besides, and may be anybody's.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Measured(_Part):
    """A measured share and its 95 % interval, each 0–1."""

    value: Share
    low: Share
    high: Share


class ScoredAlike(_Part):
    """Images whose probability lay in one bin.

    Attributes:
        low: The bin's lower edge, which is in it.
        high: Its upper edge.
        n: Images.
        n_malignant: Malignant images among them.
        share_malignant: n_malignant / n.
    """

    low: Share
    high: Share
    n: int = Field(ge=1)
    n_malignant: int = Field(ge=0)
    share_malignant: Measured


class PointRates(_Part):
    """How an operating point did."""

    sensitivity: Measured
    specificity: Measured


class Evidence(_Part):
    """A classifier's evaluation on images that it was not trained on.

    Attributes:
        data: The data sets.
        split: Which of their images.
        reliability: The bins that held an image.
        operating_points: Rates of each point.
    """

    data: tuple[str, ...] = Field(min_length=1)
    split: str
    reliability: tuple[ScoredAlike, ...] = ()
    operating_points: dict[str, PointRates] = {}

    @classmethod
    def of(cls, spec: BundleSpec) -> "Evidence | None":
        """Return what a classifier's bundle tells; None where it was not evaluated."""
        try:
            return cls.model_validate(spec.metrics)
        except ValidationError:
            return None

    @property
    def source(self) -> str:
        """Which images these were, in words."""
        return f"{', '.join(self.data)}, {self.split}"

    def scored_like(self, probability: float) -> ScoredAlike | None:
        """Return the images with about this probability, 0–1; None where there were too few."""
        bins = (one for one in self.reliability if one.low <= probability < one.high)
        # The last bin holds its upper edge too.
        found = next(bins, self.reliability[-1] if self.reliability and probability == 1 else None)
        return found if found is not None and found.n >= ENOUGH else None
