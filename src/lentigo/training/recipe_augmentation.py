"""How training images are changed: the part ``augmentation`` of a recipe."""

from typing import Annotated

from pydantic import Field

from lentigo.training.recipe_base import Fraction, Strict


class Augmentation(Strict):
    """How far training images are changed; each value is the largest change, drawn anew each time.

    ``rotation_deg`` turns by up to ± so much; ``scale`` and ``aspect`` are log-uniform in
    [1/x, x]; ``shift`` is a share of the side; ``brightness``, ``contrast`` and ``saturation``
    are relative; ``tint`` is a relative gain of each colour channel by itself;
    ``resolution`` is the smallest share of the pixels' number along a side that about half of the
    images are reduced to and brought back from, a quarter of the batch at a time, so that sharp
    and soft photos look alike.

    ``gamma`` is an exponent, log-uniform in [1/x, x], on brightness as a share of white;
    ``vignette`` the share of light lost at half a diagonal from the middle; ``blur`` a Gaussian's
    sigma as a share of the shorter side; ``noise`` a standard deviation in grey levels of 255.

    ``hair``, ``ruler``, ``tube`` and ``cutout`` are probabilities that an image gets drawn hairs, a
    scale along an edge, the black round frame of a dermatoscope, or a rectangle of 2–15 % of its
    area painted over (DeVries & Taylor 2017). None of them changes the mask: the net has to infer
    what is covered. The frame alone is left out where it would hide a part of the lesion.
    """

    flips: bool = False
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale: Annotated[float, Field(ge=1)] = 1.0
    aspect: Annotated[float, Field(ge=1)] = 1.0
    shift: Fraction = 0.0
    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    saturation: Fraction = 0.0
    tint: Fraction = 0.0
    resolution: Annotated[float, Field(gt=0, le=1)] = 1.0
    gamma: Annotated[float, Field(ge=1)] = 1.0
    vignette: Fraction = 0.0
    blur: Fraction = 0.0
    noise: Annotated[float, Field(ge=0, le=255)] = 0.0
    hair: Fraction = 0.0
    ruler: Fraction = 0.0
    tube: Fraction = 0.0
    cutout: Fraction = 0.0
