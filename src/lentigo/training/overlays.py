"""Hair and rulers, drawn once a run and size: augmentation then only picks, cuts out and flips."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from lentigo.imaging.arrays import Size

_DRAWINGS = 64
_OVERSAMPLING = 4
_HAIR_SPREAD = 1.5  # the hair canvas beside the image's side, so that a cut-out is never the same
_Points: TypeAlias = npt.NDArray[np.float64]
_Drawer: TypeAlias = Callable[[np.random.Generator, ImageDraw.ImageDraw, Size], None]


@lru_cache(maxsize=4)
def hair_bank(size_px: Size, device: torch.device) -> Tensor:
    """Return drawings of hair for images of a size: uint8, 64×H'×W', opacity 0–255.

    A drawing is half as large again as the image. It shows 1 to 40 hairs that lie much alike,
    0.3–1 % of the shorter side wide, from shaved stubble to hairs across the whole image.
    """
    height, width = size_px
    canvas_px = round(height * _HAIR_SPREAD), round(width * _HAIR_SPREAD)
    return _bank(canvas_px, _draw_hair, seed=1).to(device)


@lru_cache(maxsize=4)
def ruler_bank(size_px: Size, device: torch.device) -> Tensor:
    """Return drawings of a scale along the upper or left edge: uint8, 64×H×W, opacity 0–255."""
    return _bank(size_px, _draw_ruler, seed=2).to(device)


def _bank(canvas_px: Size, draw: _Drawer, seed: int) -> Tensor:
    rng = np.random.default_rng(seed)
    height, width = canvas_px
    bank = np.empty((_DRAWINGS, height, width), np.uint8)
    for drawing in bank:
        large = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
        draw(rng, ImageDraw.Draw(large), (large.height, large.width))
        drawing[:] = np.asarray(large.reduce(_OVERSAMPLING))
    return torch.from_numpy(bank)


def _draw_hair(rng: np.random.Generator, pen: ImageDraw.ImageDraw, canvas_px: Size) -> None:
    side = min(canvas_px) / _HAIR_SPREAD
    count = round(_HAIR_SPREAD**2 * np.exp(rng.uniform(np.log(1), np.log(40))))
    grain, disorder = rng.uniform(0, np.pi), rng.uniform(0.1, 0.7)
    length = side * np.exp(rng.uniform(np.log(0.25), np.log(1.4)))
    thickness = side * np.exp(rng.uniform(np.log(0.0035), np.log(0.008)))
    for _ in range(count):
        curve = _curve(
            middle=rng.uniform(0, 1, 2) * canvas_px[::-1],
            angle=grain + rng.normal(0, disorder),
            length=length * rng.uniform(0.6, 1.4),
            bend=rng.normal(0, 0.15),
        )
        outline = _tapered(curve, thickness * rng.uniform(0.75, 1.25))
        pen.polygon([tuple(point) for point in outline], fill=int(rng.integers(150, 256)))


def _curve(middle: _Points, angle: float, length: float, bend: float) -> _Points:
    """Return 24 points (x, y) of a parabola's arc whose height is ``bend`` lengths."""
    along = np.array([np.cos(angle), np.sin(angle)])
    t = np.linspace(-1, 1, 24)[:, None]
    return np.asarray(middle + length * (t / 2 * along + (1 - t**2) * bend * along[::-1] * (1, -1)))


def _tapered(curve: _Points, thickness: float) -> _Points:
    """Return the outline of a line along a curve, full at its root and thin at its tip."""
    way = np.gradient(curve, axis=0)
    across = way[:, ::-1] * (1, -1) / np.linalg.norm(way, axis=1, keepdims=True)
    half = across * thickness / 2 * np.linspace(1, 0.35, len(curve))[:, None]
    return np.concatenate([curve + half, (curve - half)[::-1]])


def _draw_ruler(rng: np.random.Generator, pen: ImageDraw.ImageDraw, canvas_px: Size) -> None:
    side = min(canvas_px)
    upright = rng.random() < 0.5
    reach = canvas_px[0] if upright else canvas_px[1]
    tilt = rng.uniform(-0.06, 0.06)
    edge = side * rng.uniform(0.03, 0.14)
    spacing, tick = side * rng.uniform(0.015, 0.045), side * rng.uniform(0.015, 0.04)
    thickness = max(1, round(side * rng.uniform(0.0025, 0.006)))
    inwards = rng.choice((-1, 1))
    first, last = rng.uniform(-0.3, 0.3) * reach, rng.uniform(0.7, 1.2) * reach
    numbered, lined = rng.random(2) < 0.5
    font = ImageFont.load_default(size=max(1.0, 1.2 * tick))

    def place(along: float, across: float) -> tuple[float, float]:
        x, y = along, edge + across + along * tilt
        return (y, x) if upright else (x, y)

    for mark in range(int((last - first) / spacing)):
        along = first + mark * spacing
        length = tick * (1.8 if mark % 10 == 0 else 1.4 if mark % 5 == 0 else 1)
        pen.line([place(along, 0), place(along, inwards * length)], fill=255, width=thickness)
        if numbered and mark % 10 == 0:
            spot = place(along, inwards * 2.6 * tick)
            pen.text(spot, str(mark // 10), fill=255, font=font, anchor="mm")
    if lined:
        pen.line([place(first, 0), place(last, 0)], fill=255, width=thickness)
