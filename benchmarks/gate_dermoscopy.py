"""Ways to change a true dermoscopic photo that leave it one: the gate must accept them all.

Other lenses, lamps, cameras, crops and skins than those of the data. Each takes and gives a float
picture H×W×3, 0–255.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy import ndimage

from lentigo.imaging.arrays import Pixels
from lentigo.synthetic import artefacts
from lentigo.synthetic.canvas import Plane, blend, step
from lentigo.synthetic.skin import MELANIN, absorb

Rng: TypeAlias = np.random.Generator
Way: TypeAlias = Callable[[Rng, Plane], Plane]


def tube(rng: Rng, picture: Plane) -> Plane:
    """The round dark edge of a dermatoscope, nearer than the picture's sides."""
    return _disc(rng, picture, rng.uniform(0.42, 0.62))


def corners(rng: Rng, picture: Plane) -> Plane:
    """The same edge in the corners alone."""
    return _disc(rng, picture, rng.uniform(0.6, 0.75))


def tint(rng: Rng, picture: Plane) -> Plane:
    """Another lamp or white balance."""
    gains = np.exp(rng.normal(0, 0.14, 3))
    return picture * gains / gains.max() * rng.uniform(0.85, 1.1)


def dark_skin(rng: Rng, picture: Plane) -> Plane:
    """More melanin everywhere."""
    return absorb(picture, np.full(picture.shape[:2], rng.uniform(0.2, 1.6)), 0.8 * MELANIN)


def gamma(rng: Rng, picture: Plane) -> Plane:
    """Another tone curve."""
    return 255 * (picture / 255) ** np.exp(rng.normal(0, 0.35))


def saturation(rng: Rng, picture: Plane) -> Plane:
    """Paler or stronger colours: pink and white lesions at one end."""
    grey = picture.mean(-1, keepdims=True)
    return grey + (picture - grey) * rng.uniform(0.5, 1.6)


def zoom(rng: Rng, picture: Plane) -> Plane:
    """A part of the photo: large lesions then fill it."""
    share = rng.uniform(0.45, 0.9)
    high, wide = (int(side * share) for side in picture.shape[:2])
    top, left = rng.integers(0, np.array(picture.shape[:2]) - (high, wide) + 1)
    return picture[top : top + high, left : left + wide]


def aspect(rng: Rng, picture: Plane) -> Plane:
    """A wider or a taller photo."""
    axis, share = int(rng.random() < 0.3), rng.uniform(0.55, 0.9)
    length = picture.shape[axis]
    margin = int(length * (1 - share) / 2)
    return np.take(picture, np.arange(margin, length - margin), axis)


def blur(rng: Rng, picture: Plane) -> Plane:
    """Out of focus."""
    sigma = rng.uniform(0.5, 2.5) * min(picture.shape[:2]) / 150
    return ndimage.gaussian_filter(picture, (sigma, sigma, 0))


def grain(rng: Rng, picture: Plane) -> Plane:
    """A camera's noise."""
    return picture + rng.normal(0, rng.uniform(2, 14), picture.shape)


def hair_ruler_gel(rng: Rng, picture: Plane) -> Plane:
    """Drawn hair, a ruler and gel bubbles, each in three of five draws."""
    for add in (artefacts.add_hair, artefacts.add_ruler, artefacts.add_bubbles):
        picture = add(rng, picture) if rng.random() < 0.6 else picture
    return picture


def sticker(rng: Rng, picture: Plane) -> Plane:
    """A round plaster or colour patch of any colour that reaches in from the side."""
    shape = np.array(picture.shape[:2])
    turn, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.12, 0.35) * shape.min()
    centre = shape / 2 * (1 + np.array([np.sin(turn), np.cos(turn)]))
    distance = _distance(picture, centre)
    return blend(picture, rng.uniform(20, 230, 3), 1 - step(distance, radius - 1, radius + 1))


WAYS: dict[str, Way] = {
    way.__name__.replace("_", "-"): way
    for way in (
        tube, corners, tint, dark_skin, gamma, saturation, zoom, aspect, blur, grain,
        hair_ruler_gel, sticker,
    )
}  # fmt: skip


def changed(rng: Rng, pixels: Pixels, names: list[str]) -> Pixels:
    """Return a photo changed in each of the ways named, one after the other."""
    picture = pixels.astype(np.float64)
    for name in names:
        picture = np.clip(WAYS[name](rng, picture), 0, 255)
    return np.rint(picture).astype(np.uint8)


def changed_anyhow(rng: Rng, pixels: Pixels) -> Pixels:
    """Return a photo turned by a multiple of 90° and changed in one to three ways."""
    names = list(rng.choice(list(WAYS), int(rng.integers(1, 4)), replace=False))
    return changed(rng, np.rot90(pixels, int(rng.integers(4))), names)


def _disc(rng: Rng, picture: Plane, share: float) -> Plane:
    side = min(picture.shape[:2])
    centre = np.array(picture.shape[:2]) / 2 + rng.normal(0, 0.03 * side, 2)
    soft = rng.uniform(0.003, 0.04) * side
    far = step(_distance(picture, centre), share * side - soft, share * side + soft)
    return blend(picture, np.full(3, rng.uniform(0, 25)), far)


def _distance(picture: Plane, centre: Plane) -> Plane:
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    return np.hypot(rows - centre[0], columns - centre[1])
