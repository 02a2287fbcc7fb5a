"""What comes between a lens and a lesion: uneven light, hair, a ruler, bubbles in the gel."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from lentigo.imaging.arrays import Size
from lentigo.synthetic.canvas import Plane, blend, step

_OVERSAMPLING = 3


def add_light(rng: np.random.Generator, picture: Plane) -> Plane:
    """Light a picture from one side, tint the light, and darken the corners."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    direction = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0.02, 0.09) * (rows * np.sin(direction) + columns * np.cos(direction))
    corners = rng.uniform(0.05, 0.16) * np.hypot(rows, columns) ** 3 / 2
    tint = rng.uniform(0.97, 1.03, 3)
    return np.asarray(picture * ((1 + slope - corners)[..., None] * tint))


def add_tube(rng: np.random.Generator, picture: Plane) -> Plane:
    """Close a picture in by the dark round edge of the dermatoscope's tube."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    from_centre = np.hypot(rows - height / 2, columns - width / 2) / np.hypot(height, width) * 2
    edge = rng.uniform(0.88, 0.94)
    return blend(picture, (12.0, 10.0, 12.0), step(from_centre, edge - 0.015, edge + 0.03))


def add_hair(rng: np.random.Generator, picture: Plane) -> Plane:
    """Lay curved hairs and their shadows across a picture."""
    size_px = picture.shape[0], picture.shape[1]
    short_side = min(size_px)
    colour = tuple(np.array((62, 42, 32)) * rng.uniform(0.4, 1.2))
    grain = rng.uniform(0, np.pi)  # hairs of one place lie much alike

    def draw(pen: ImageDraw.ImageDraw) -> None:
        for _ in range(rng.integers(7, 16)):
            middle = rng.uniform(0, 1, 2) * (size_px[1], size_px[0])
            angle = grain + rng.normal(0, 0.35)
            half = np.array([np.cos(angle), np.sin(angle)]) * short_side * rng.uniform(0.25, 0.6)
            bend = half[::-1] * (1, -1) * rng.normal(0, 0.3)
            t = np.linspace(-1, 1, 24)[:, None]
            curve = (middle + t * half + (1 - t**2) * bend) * _OVERSAMPLING
            width = max(2, round(short_side * rng.uniform(0.0028, 0.0055) * _OVERSAMPLING))
            pen.line([tuple(point) for point in curve], fill=255, width=width, joint="curve")

    hairs = _drawn(size_px, draw)
    shadow = ndimage.gaussian_filter(ndimage.shift(hairs, short_side / 180), short_side / 200)
    return blend(blend(picture, (30.0, 20.0, 20.0), 0.25 * shadow), colour, 0.85 * hairs)


def add_ruler(rng: np.random.Generator, picture: Plane) -> Plane:
    """Lay a transparent millimetre scale along the lower edge."""
    size_px = picture.shape[0], picture.shape[1]
    height, width = size_px
    tilt = rng.uniform(-0.1, 0.1)
    along, across = np.array([np.cos(tilt), np.sin(tilt)]), np.array([np.sin(tilt), -np.cos(tilt)])
    start = np.array([0.2 * width, 0.92 * height - 0.3 * width * np.sin(tilt)])
    millimetre = along * 0.03 * width
    thickness = max(2, round(min(size_px) * 0.003 * _OVERSAMPLING))

    def draw(pen: ImageDraw.ImageDraw) -> None:
        lines = [(start, start + 20 * millimetre)]
        for mark in range(21):
            foot = start + mark * millimetre
            lines.append((foot, foot + across * height * (0.03 if mark % 5 == 0 else 0.018)))
        for ends in lines:
            points = [tuple(point * _OVERSAMPLING) for point in ends]
            pen.line(points, fill=255, width=thickness)

    return blend(picture, (38.0, 34.0, 36.0), 0.85 * _drawn(size_px, draw))


def add_bubbles(rng: np.random.Generator, picture: Plane) -> Plane:
    """Put air bubbles of the contact gel on a picture: dark rims, bright inner edges, glints."""
    height, width = picture.shape[:2]
    short_side = min(height, width)
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    for _ in range(rng.integers(5, 12)):
        radius = short_side * rng.uniform(0.008, 0.035)
        y, x = rng.uniform(0, height), rng.uniform(0, width)
        reach = np.hypot(rows - y, columns - x) / radius
        glint = np.hypot(rows - y + 0.45 * radius, columns - x + 0.4 * radius) / radius
        picture = blend(picture, (70.0, 52.0, 50.0), 0.4 * _ring(reach, 1.0, 0.16))
        picture = blend(picture, (255.0, 248.0, 244.0), 0.45 * _ring(reach, 0.78, 0.14))
        picture = blend(picture, (255.0, 255.0, 255.0), 0.9 * (1 - step(glint, 0.1, 0.3)))
    return picture


def _ring(reach: Plane, radius: float, width: float) -> Plane:
    return np.asarray(np.exp(-(((reach - radius) / width) ** 2)))


def _drawn(size_px: Size, draw: Callable[[ImageDraw.ImageDraw], None]) -> Plane:
    """Return the opacity 0–1 of what ``draw`` paints, antialiased: drawn large, then averaged."""
    height, width = size_px
    large = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
    draw(ImageDraw.Draw(large))
    return np.asarray(large.reduce(_OVERSAMPLING)) / 255
