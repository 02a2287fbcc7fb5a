"""What a picture looks like as a whole, in numbers: its colours, its texture, its layout.

All of it is measured on a small square copy, so that resolution, aspect ratio, JPEG's traces and
thin hair hardly matter; what is left still tells skin seen through a dermatoscope from a face, a
page or a landscape.
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from lentigo.imaging.arrays import Mask, Pixels
from lentigo.imaging.lab import lab_planes

SIDE_PX: Final = 64
"""The side of the small copy: about what is left of a hair at this size is a grey veil."""

_CHANNELS: Final = "Lab"
_PERCENTILES: Final = (5, 25, 50, 75, 95)
_N_SCALES: Final = 4
_RINGS: Final = (0, 0.25, 0.5, 0.75, 1, 1.5)  # distances from the centre; 1 touches the sides
_CENTRE: Final = 0.4
_BANDS: Final = (1, 2, 4, 8, 16, 32)  # cycles per side
_FLAT: Final = 0.3  # a Laplacian of CIELAB's L* below this is no structure

_Plane: TypeAlias = npt.NDArray[np.float64]
_Numbers: TypeAlias = Iterator[tuple[str, float]]


def appearance(image: Pixels) -> dict[str, float]:
    """Describe a picture in finite numbers, by names that begin with what they are about.

    Colours are CIELAB (D65) and optical densities −ln((v + 3) / 258) of the RGB values v:

    - ``colour_…``: percentiles of each channel, chroma, the spread and place of hues, the
      principal variances of the optical densities (pigments that dim one light lie along lines),
      the correlations of red, green and blue, and the entropy of a coarse histogram.
    - ``texture_…``: mean gradients at four scales, how far edges share one or two directions
      (the structure tensor's coherence), the power in five octaves of frequency, flatness.
    - ``layout_…``: differences between rings around the centre, and the spread within the centre
      and within the outermost whole ring.

    Args:
        image: uint8 H×W×3, of any size.
    """
    small = Image.fromarray(image).resize(
        (SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR, reducing_gap=3.0
    )
    rgb = np.asarray(small)
    lab = lab_planes(rgb, np.float64)
    density = -np.log((rgb.astype(np.float64) + 3) / 258).reshape(-1, 3)
    parts = {"colour": _colour(density, lab), "texture": _texture(lab), "layout": _layout(lab)}
    return {f"{part}_{name}": float(v) for part, values in parts.items() for name, v in values}


def _colour(density: _Plane, lab: _Plane) -> _Numbers:
    percentiles = np.percentile(lab, _PERCENTILES, axis=(1, 2)).T
    for channel, values in zip(_CHANNELS, percentiles, strict=True):
        for percentile, value in zip(_PERCENTILES, values, strict=True):
            yield f"{channel}_p{percentile}", value
    _, a, b = lab
    chroma = np.hypot(a, b)
    yield "chroma_mean", chroma.mean()
    yield "chroma_std", chroma.std()
    yield "hue_concentration", np.hypot(a.sum(), b.sum()) / (chroma.sum() + 1e-3)
    yield "skin_hues", ((a > 0) & (b > 0) & (chroma > 6)).mean()
    covariance = np.cov(density.T, bias=True)
    for rank, variance in enumerate(np.linalg.eigvalsh(covariance), start=1):
        yield f"log_density_{rank}", np.log(max(variance, 0) + 1e-6)
    deviation = np.sqrt(covariance.diagonal() + 1e-6)
    for name, (one, other) in {"rg": (0, 1), "rb": (0, 2), "gb": (1, 2)}.items():
        yield f"correlation_{name}", covariance[one, other] / (deviation[one] * deviation[other])
    cell = np.floor(lab.reshape(3, -1) / 10).astype(np.int64) + 20
    shares = np.unique(cell[0] * 1600 + cell[1] * 40 + cell[2], return_counts=True)[1] / SIDE_PX**2
    yield "entropy", -(shares * np.log(shares)).sum()


def _texture(lab: _Plane) -> _Numbers:
    for channel, plane in zip(_CHANNELS, lab, strict=True):
        scaled = plane
        for scale in range(_N_SCALES):
            down, across = np.gradient(scaled)
            steepness = np.hypot(down, across)
            yield f"{channel}_gradient_{scale}", np.log(steepness.mean() + 0.05)
            if channel == "L":
                low, high = np.percentile(steepness, (20, 95))
                yield f"L_gradient_{scale}_p20", np.log(low + 0.05)
                yield f"L_gradient_{scale}_p95", np.log(high + 0.05)
                if scale < 2:
                    total, turn = steepness.sum() + 1e-3, across + 1j * down
                    twice = turn * turn / steepness.clip(1e-12)  # as long, at twice the angle
                    yield f"coherence_2_{scale}", abs(twice.sum()) / total
                    four = twice * twice / steepness.clip(1e-12)
                    yield f"coherence_4_{scale}", abs(four.sum()) / total
            half = len(scaled) // 2
            scaled = scaled.reshape(half, 2, half, 2).mean(axis=(1, 3))
    yield from _spectrum(lab[0])
    light = lab[0]
    laplacian = np.abs(
        light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:]
        - 4 * light[1:-1, 1:-1]
    )  # fmt: skip
    yield "flat", (laplacian < _FLAT).mean()
    yield "laplacian", np.log(laplacian.mean() + 0.05)


def _spectrum(light: _Plane) -> _Numbers:
    window = np.hanning(SIDE_PX)
    power = np.abs(np.fft.rfft2((light - light.mean()) * np.outer(window, window))) ** 2
    for low, places in _octaves().items():
        band = power[places]
        yield f"power_{low}", np.log(band.mean() + 0.01)
        if low >= 4:  # below, too few waves to tell peaks from chance
            yield f"peaks_{low}", np.log(band + 0.01).std()


def _layout(lab: _Plane) -> _Numbers:
    centre, *rings = _around_the_centre()
    for channel, plane in zip(_CHANNELS, lab, strict=True):
        means = [plane[ring].mean() for ring in rings]
        for step, difference in enumerate(np.diff(means), start=1):
            yield f"{channel}_step_{step}", difference
        yield f"{channel}_outer_std", plane[rings[3]].std()
        yield f"{channel}_centre_std", plane[centre].std()


@cache
def _octaves() -> dict[int, Mask]:
    """Return where in a spectrum each band of frequencies lies, by its lowest."""
    cycles = np.hypot(
        np.fft.fftfreq(SIDE_PX, 1 / SIDE_PX)[:, None], np.fft.rfftfreq(SIDE_PX, 1 / SIDE_PX)
    )
    return {low: (cycles >= low) & (cycles < high) for low, high in pairwise(_BANDS)}


@cache
def _around_the_centre() -> tuple[Mask, ...]:
    """Return where the centre lies, and each ring around it."""
    axis = np.linspace(-1, 1, SIDE_PX)
    distance = np.hypot(axis[:, None], axis)
    rings = ((distance >= low) & (distance < high) for low, high in pairwise(_RINGS))
    return distance < _CENTRE, *rings
