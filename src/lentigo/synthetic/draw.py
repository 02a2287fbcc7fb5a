"""One drawn dermoscopic image."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from lentigo.imaging.arrays import Mask, Pixels, Size
from lentigo.synthetic import artefacts
from lentigo.synthetic.lesion import draw_pigment, draw_shape
from lentigo.synthetic.skin import TONES, draw_skin

_SMALLEST_SIDE_PX = 32


@dataclass(frozen=True, eq=False)
class SyntheticLesion:
    """A drawn image and what is true of it.

    Attributes:
        image: uint8 H×W×3, RGB.
        mask: bool H×W, True inside the lesion; hair, ruler and bubbles do not cut into it.
        malignant: Whether it was drawn with the signs of a melanoma.
        fitzpatrick: The skin's type, 1 (palest) to 6 (darkest).
    """

    image: Pixels
    mask: Mask
    malignant: bool
    fitzpatrick: int


def draw_lesion(
    seed: int,
    size_px: Size = (384, 512),
    *,
    fitzpatrick: int = 2,
    malignant: bool = False,
    hair: bool = False,
    ruler: bool = False,
    gel: bool = False,
    tube: bool = False,
) -> SyntheticLesion:
    """Draw a pigmented lesion on skin, the same for the same arguments.

    Skin, lesion and each artefact draw from random streams of their own, so that turning one on
    leaves the rest of the picture as it is. Pigments dim the light after Beer and Lambert, so that
    a lesion suits the skin that it lies on. It is made to test software, not to train models.

    Args:
        seed: Which picture; at least 0.
        size_px: Height and width, each at least 32.
        fitzpatrick: Skin type, 1 to 6.
        malignant: Draw a ragged outline, many colours and broken structures.
        hair: Lay hairs across.
        ruler: Lay a millimetre scale along the lower edge.
        gel: Add bubbles of contact gel.
        tube: Close it in by the dark edge of the dermatoscope.

    Raises:
        ValueError: No such skin type, or too small a size.
    """
    if fitzpatrick not in TONES:
        raise ValueError(f"fitzpatrick must be one of 1 to 6, got {fitzpatrick}")
    if min(size_px) < _SMALLEST_SIDE_PX:
        raise ValueError(f"each side must have at least {_SMALLEST_SIDE_PX} pixels, got {size_px}")
    streams = iter(np.random.default_rng(seed).spawn(8))
    picture = draw_skin(next(streams), size_px, fitzpatrick)
    shape = draw_shape(next(streams), size_px, malignant)
    picture = draw_pigment(next(streams), picture, shape, malignant)
    layers = (
        (gel, artefacts.add_bubbles),
        (hair, artefacts.add_hair),
        (ruler, artefacts.add_ruler),
        (True, artefacts.add_light),
        (tube, artefacts.add_tube),
    )
    for (wanted, add), rng in zip(layers, streams, strict=False):
        picture = add(rng, picture) if wanted else picture
    grain = np.random.default_rng([seed, 1]).normal(0, 3.0, picture.shape)
    picture = picture + ndimage.gaussian_filter(grain, (0.6, 0.6, 0))
    image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return SyntheticLesion(image, shape.mask, malignant, fitzpatrick)
