"""The gate before the nets: does a picture look like dermoscopy at all?

A net outlines and scores whatever it is shown. A logistic regression on what the picture looks
like as a whole, and on the squares of that, refuses what is unlike the dermoscopy it was fitted on
in any direction. ``benchmarks/gate.py`` fits it and measures it; its numbers are ``gate.json``.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator

from lentigo.files import sha256_of
from lentigo.imaging.appearance import appearance
from lentigo.imaging.arrays import Pixels

Values: TypeAlias = npt.NDArray[np.float64]

GATE_FILE = Path(__file__).with_name("gate.json")

_WORDS = {
    r"colour_L_": "how light or dark it is",
    r"colour_[ab]_": "its shades of colour",
    r"colour_chroma_": "how vivid its colours are",
    r"colour_(hue_concentration|skin_hues)": "how many hues it has",
    r"colour_(log_density|correlation)_": "how its colours go together",
    r"colour_entropy": "how many colours it has",
    r"texture_L_gradient_": "how sharp its edges are",
    r"texture_[ab]_gradient_": "how sharply its colours change",
    r"texture_(coherence|peaks)_": "how regular its lines are",
    r"texture_(power_|laplacian)": "how much detail it has",
    r"texture_flat": "how much of it is quite flat",
    r"layout_._step_": "how its middle differs from its rim",
    r"layout_._(outer|centre)_std": "how varied its middle and its rim are",
}


class Feature(BaseModel):
    """One number of a picture's appearance, in the gate.

    Attributes:
        mean: Over the dermoscopy that the gate was fitted on.
        std: Over the same, above 0.
        linear: Weight of z = (value − mean) / std, clipped.
        square: Weight of z².
        low: Below this are 5 % of dermoscopic images.
        high: Above this are 5 % of dermoscopic images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mean: float
    std: float
    linear: float
    square: float
    low: float
    high: float


class GateModel(BaseModel):
    """A logistic regression that tells dermoscopy from anything else.

    Attributes:
        features: By the names that `lentigo.imaging.appearance` gives.
        bias: Added to the sum over features.
        clip: The largest |z| that counts.
        accept_from: The score from which on a picture is accepted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    features: dict[str, Feature]
    bias: float
    clip: float
    accept_from: float

    @model_validator(mode="after")
    def _check(self) -> "GateModel":
        if any(feature.std <= 0 for feature in self.features.values()):
            raise ValueError("expected every feature's std above 0")
        return self

    def parts(self, values: Values) -> Values:
        """Return what each feature adds to the score.

        Args:
            values: float64 (..., features), in the order of ``features``.
        """
        columns = [(f.mean, f.std, f.linear, f.square) for f in self.features.values()]
        mean, std, linear, square = np.array(columns).T
        z = np.clip((values - mean) / std, -self.clip, self.clip)
        return np.asarray(linear * z + square * z**2)

    def scores(self, values: Values) -> Values:
        """Return the score of each picture: log odds, on the mix that the gate was fitted on.

        Args:
            values: float64 (..., features), in the order of ``features``.
        """
        return np.asarray(self.bias + self.parts(values).sum(axis=-1))


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a picture.

    Attributes:
        accepted: Whether it looks like dermoscopy.
        score: Log odds, on the mix of pictures that the gate was fitted on.
        accept_from: The least score that is accepted.
        saw: What speaks most against it, in words; empty where it is accepted.
    """

    accepted: bool
    score: float
    accept_from: float
    saw: str = ""


class Gate:
    """Tells dermoscopy from other pictures.

    Attributes:
        model: Its numbers.
        sha256: Of the file that they came from.
    """

    def __init__(self, file: Path = GATE_FILE) -> None:
        self.model = GateModel.model_validate_json(file.read_bytes())
        self.sha256 = sha256_of(file)

    def judge(self, image: Pixels) -> Verdict:
        """Judge a picture.

        Args:
            image: uint8 H×W×3, a photo or a reduced copy.
        """
        found = appearance(image)
        values = np.array([found[name] for name in self.model.features])
        score = float(self.model.scores(values))
        accepted = score >= self.model.accept_from
        saw = "" if accepted else self._saw(values)
        return Verdict(accepted, score, self.model.accept_from, saw)

    def _saw(self, values: Values) -> str:
        """Return what is most unlike dermoscopy: of what lies outside its range, what costs most.

        Where all lies within, it is the whole that does not fit, and the costliest is named.
        """
        features = list(self.model.features.values())
        low, high = np.array([(feature.low, feature.high) for feature in features]).T
        outside = (values < low) | (values > high)
        cost = np.where(outside | ~outside.any(), self.model.parts(values), np.inf)
        worst = int(cost.argmin())
        name = list(self.model.features)[worst]
        return (
            f"{in_words(name)} ({name} is {values[worst]:.2f}, while 90 % of dermoscopic images "
            f"have {low[worst]:.2f} to {high[worst]:.2f})"
        )


def in_words(feature: str) -> str:
    """Return what a number of a picture's appearance is about."""
    return next(words for pattern, words in _WORDS.items() if re.match(pattern, feature))


@cache
def shipped_gate() -> Gate:
    """Return the gate that comes with the package."""
    return Gate()
