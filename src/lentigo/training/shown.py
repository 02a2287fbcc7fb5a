"""By whose outlines a run's classifier is shown regions, and what came of them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lentigo.data.prepared import Prepared
from lentigo.data.views import MaskMaker
from lentigo.errors import TrainingError
from lentigo.evaluation.outlines import in_words
from lentigo.files import write_json


@dataclass(frozen=True)
class Shown:
    """How many images have no lesion in their mask, so that they are shown whole.

    Attributes:
        outlines: Whose masks they are, as ``MaskMaker.name``.
        identity: As ``MaskMaker.identity``.
        images: Images of the run, in all parts.
        whole: Those of them without a lesion.
    """

    outlines: str
    identity: str
    images: int
    whole: int

    @classmethod
    def of(cls, pixels: Prepared, masks: MaskMaker) -> "Shown":
        """Count what was prepared.

        Raises:
            TrainingError: No image has a lesion, so that there is no region to show.
        """
        whole = int(np.count_nonzero(~pixels.has_mask))
        if whole == len(pixels):
            raise TrainingError(
                f"data.region: none of the {whole} images has a lesion in {in_words(masks.name)}, "
                "so that all would be shown whole; give the source's masks, or name a segmenter "
                "in data.outlines"
            )
        return cls(masks.name, masks.identity, len(pixels), whole)

    @classmethod
    def read(cls, path: Path) -> "Shown":
        """Return what :meth:`keep` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def keep(self, path: Path) -> None:
        """Write it into a run's folder, or check that the run began with the same masks.

        Raises:
            TrainingError: It began with others.
        """
        if path.is_file() and (begun := self.read(path)).identity != self.identity:
            raise TrainingError(
                f"{path}: the run began with {begun.identity}, and would go on with "
                f"{self.identity}: bring that segmenter and engine back, or choose another --out"
            )
        write_json(path, asdict(self))

    def __str__(self) -> str:
        """Tell it in a sentence."""
        return (
            f"In training, regions were shown by {in_words(self.outlines)}; {self.whole:,} of "
            f"{self.images:,} images had no lesion in theirs and were shown whole."
        )
