"""Skin of the six Fitzpatrick types under a dermatoscope."""

import numpy as np

from lentigo.imaging.arrays import Size
from lentigo.synthetic.canvas import Plane, layered_noise, network, noise

TONES = {
    1: (236, 200, 190),
    2: (229, 186, 166),
    3: (212, 163, 133),
    4: (178, 127, 96),
    5: (134, 90, 66),
    6: (92, 63, 51),
}
"""Typical skin colours by Fitzpatrick type, sRGB 0–255, as dermoscopic light shows them."""

MELANIN = np.array([0.62, 0.95, 1.2])
"""How strongly melanin takes away red, green and blue: it absorbs towards the blue."""

BLOOD = np.array([0.12, 0.62, 0.45])
"""The same for haemoglobin, which absorbs most in the green."""


def absorb(picture: Plane, amount: Plane, pigment: Plane) -> Plane:
    """Return a picture H×W×3 dimmed by a pigment: light · exp(−amount · pigment), Beer–Lambert."""
    return np.asarray(picture * np.exp(-amount[..., None] * pigment))


def draw_skin(rng: np.random.Generator, size_px: Size, fitzpatrick: int) -> Plane:
    """Return bare skin H×W×3, colours 0–255: mottled, veined and finely lined."""
    unit_px = min(size_px) / 100
    tone = np.array(TONES[fitzpatrick]) * rng.uniform(0.95, 1.05) * rng.uniform(0.98, 1.02, 3)
    skin = np.broadcast_to(tone, (*size_px, 3))
    skin = absorb(skin, 0.04 * layered_noise(rng, size_px, 30 * unit_px), MELANIN)
    skin = absorb(skin, 0.045 * layered_noise(rng, size_px, 18 * unit_px), BLOOD)
    freckles = np.clip(noise(rng, size_px, 3.5 * unit_px) - 2.0, 0, None)
    skin = absorb(skin, rng.uniform(0, 0.25) * freckles, MELANIN)
    furrows = network(rng, size_px, 5.5 * unit_px) * (0.6 + 0.4 * noise(rng, size_px, 20 * unit_px))
    skin = skin * (1 + 0.02 * furrows[..., None])
    return skin * (1 + 0.012 * layered_noise(rng, size_px, 1.2 * unit_px, layers=2)[..., None])
