"""Pigmented lesions: an outline, and what a dermatologist looks for inside it."""

from dataclasses import dataclass

import numpy as np

from lentigo.imaging.arrays import Mask, Size
from lentigo.synthetic.canvas import Plane, blend, layered_noise, network, noise, step
from lentigo.synthetic.skin import BLOOD, MELANIN, absorb

_BLUE_GREY = np.array((108.0, 124.0, 152.0))
_SCAR = np.array((255.0, 226.0, 222.0))


@dataclass(frozen=True)
class Shape:
    """A lesion's outline.

    Attributes:
        reach: Distance from the centre as a share of the border's there: 0 at the centre, 1 on
            the border, more outside.
        unit_px: A hundredth of the lesion's mean radius.
    """

    reach: Plane
    unit_px: float

    @property
    def mask(self) -> Mask:
        """True inside the outline."""
        return np.asarray(self.reach < 1)


def draw_shape(rng: np.random.Generator, size_px: Size, malignant: bool) -> Shape:
    """Draw an outline: an ellipse with waves; malignant ones are larger and more ragged."""
    short_side = min(size_px)
    radius = short_side * (rng.uniform(0.24, 0.34) if malignant else rng.uniform(0.15, 0.26))
    centre = np.array(size_px) / 2 + rng.uniform(-0.07, 0.07, 2) * short_side
    rows, columns = np.mgrid[: size_px[0], : size_px[1]].astype(np.float64)
    # Moving the coordinates by smooth noise makes the border ragged without breaking it up.
    ragged_px = radius * (0.055 if malignant else 0.018)
    y = rows - centre[0] + ragged_px * layered_noise(rng, size_px, 0.3 * radius)
    x = columns - centre[1] + ragged_px * layered_noise(rng, size_px, 0.3 * radius)
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(1.05, 1.25)
    along = (x * np.cos(turn) + y * np.sin(turn)) / stretch
    across = (y * np.cos(turn) - x * np.sin(turn)) * stretch
    angle = np.arctan2(across, along)
    border = np.ones(size_px)
    strength = 0.15 if malignant else 0.035
    for wave in range(2, 7):
        height = strength * rng.uniform(0.5, 1) / (wave - 1) ** 0.8
        border += height * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    return Shape(np.hypot(along, across) / (radius * border), radius / 100)


def draw_pigment(rng: np.random.Generator, skin: Plane, shape: Shape, malignant: bool) -> Plane:
    """Lay a lesion's pigment over skin H×W×3, colours 0–255."""
    return _melanoma(rng, skin, shape) if malignant else _naevus(rng, skin, shape)


def _naevus(rng: np.random.Generator, skin: Plane, shape: Shape) -> Plane:
    """One or two shades of brown, a regular network, a border that fades evenly."""
    size_px = (skin.shape[0], skin.shape[1])
    unit_px = shape.unit_px
    body = 1 - step(shape.reach, 0.8, 1.16)
    centre = 1 - step(shape.reach + 0.12 * noise(rng, size_px, 40 * unit_px), 0.1, 0.85)
    mottle = 1 + 0.16 * layered_noise(rng, size_px, 22 * unit_px)
    depth = rng.uniform(0.5, 1.0) * (0.7 + rng.uniform(0.2, 0.9) * centre) * mottle
    fading = (1 - 0.7 * centre) * (0.7 + 0.4 * noise(rng, size_px, 30 * unit_px))
    lines = rng.uniform(0.1, 0.3) * network(rng, size_px, rng.uniform(7, 10) * unit_px)
    picture = absorb(skin, body * np.clip(depth + lines * fading, 0, None), MELANIN)
    return absorb(picture, rng.uniform(0.0, 0.25) * body, BLOOD)


def _melanoma(rng: np.random.Generator, skin: Plane, shape: Shape) -> Plane:
    """Several shades in patches, a broken network, dots, a blue-white veil, a scar, redness."""
    size_px = (skin.shape[0], skin.shape[1])
    unit_px = shape.unit_px
    # The border is sharp in places and fades in others, as the ABCD rule counts it.
    fading = 0.06 + 0.18 * step(noise(rng, size_px, 70 * unit_px), -0.5, 1.0)
    body = 1 - step((shape.reach - 0.96) / fading, -1, 1)
    inside = 1 - step(shape.reach, 0.5, 0.95)
    scar = inside * step(layered_noise(rng, size_px, 45 * unit_px), 0.8, 1.9)
    veil = inside * step(layered_noise(rng, size_px, 70 * unit_px), 0.2, 1.7)
    redness = step(noise(rng, size_px, 60 * unit_px), 0.4, 1.4)
    picture = absorb(skin, body * (0.15 + 0.6 * redness), BLOOD)
    picture = blend(picture, _SCAR * (skin.mean() / 255), 0.5 * scar)
    picture = absorb(
        picture, body * _melanoma_depth(rng, shape, size_px) * (1 - 0.7 * scar), MELANIN
    )
    return blend(picture, _BLUE_GREY * (skin.mean() / 255), rng.uniform(0.4, 0.65) * veil)


def _melanoma_depth(rng: np.random.Generator, shape: Shape, size_px: Size) -> Plane:
    unit_px = shape.unit_px
    patches = step(layered_noise(rng, size_px, 60 * unit_px), -0.6, 0.9)
    mottle = 1 + 0.22 * layered_noise(rng, size_px, 25 * unit_px)
    depth = (rng.uniform(0.5, 0.8) + rng.uniform(0.8, 1.4) * patches) * mottle
    broken = step(noise(rng, size_px, 45 * unit_px), -0.2, 1.0)
    lines = rng.uniform(0.15, 0.35) * broken * network(rng, size_px, rng.uniform(7, 11) * unit_px)
    dots = 1.0 * step(noise(rng, size_px, 5 * unit_px), 1.8, 2.7)
    return np.clip(depth + lines + dots, 0.15, None)
