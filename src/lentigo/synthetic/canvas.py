"""Smooth randomness and coordinates, the drawing materials of every layer."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage
from scipy.spatial import cKDTree

from lentigo.imaging.arrays import Size

Plane: TypeAlias = npt.NDArray[np.float64]
"""float64 H×W: one value a pixel. With a last axis of 3: one linear weight a colour channel."""


def noise(rng: np.random.Generator, size_px: Size, grain_px: float) -> Plane:
    """Return smooth noise H×W of mean 0 and standard deviation 1, its blobs about ``grain_px``."""
    # White noise on a coarse grid, enlarged, costs the same at every grain.
    spacing_px = max(1.0, grain_px / 3)
    coarse = [round(side / spacing_px) + 4 for side in size_px]
    blobs = ndimage.gaussian_filter(rng.standard_normal(coarse), grain_px / spacing_px / 2)
    window = (1, 1, size_px[1] / spacing_px + 1, size_px[0] / spacing_px + 1)
    enlarged = Image.fromarray(blobs.astype(np.float32)).resize(
        size_px[::-1], Image.Resampling.BICUBIC, box=window
    )
    plane = np.asarray(enlarged, dtype=np.float64)
    return np.asarray((plane - plane.mean()) / (plane.std() + 1e-9))


def layered_noise(
    rng: np.random.Generator, size_px: Size, grain_px: float, layers: int = 4
) -> Plane:
    """Return noise of ``layers`` octaves, each half as coarse and half as strong; deviation 1."""
    parts = (noise(rng, size_px, max(1.0, grain_px / 2**k)) / 2**k for k in range(layers))
    plane = np.sum(list(parts), axis=0)
    return np.asarray(plane / plane.std())


def network(rng: np.random.Generator, size_px: Size, mesh_px: float) -> Plane:
    """Return a net of soft lines H×W, 1 on a line and 0 inside a mesh: Voronoi borders."""
    height, width = size_px
    rows, columns = np.meshgrid(
        np.arange(-2, height / mesh_px + 2), np.arange(-2, width / mesh_px + 2), indexing="ij"
    )
    seeds = np.stack([rows.ravel(), columns.ravel() + 0.5 * (rows.ravel() % 2)], axis=1)
    seeds = (seeds + rng.uniform(-0.42, 0.42, seeds.shape)) * mesh_px
    bend = 0.12 * mesh_px * np.stack([noise(rng, size_px, mesh_px) for _ in "yx"], axis=-1)
    points = np.moveaxis(np.indices(size_px), 0, -1) + bend
    nearest, second = np.moveaxis(cKDTree(seeds).query(points, k=2)[0], -1, 0)
    return np.asarray(np.exp(-(((second - nearest) / (0.3 * mesh_px)) ** 2)))


def step(values: Plane, low: float, high: float) -> Plane:
    """Return 0 below ``low``, 1 above ``high`` and a smooth rise between (Hermite's cubic)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def blend(picture: Plane, colour: npt.ArrayLike, opacity: Plane) -> Plane:
    """Lay a colour over a picture H×W×3, as opaque at each pixel as ``opacity`` H×W says."""
    return np.asarray(picture + opacity[..., None] * (np.asarray(colour) - picture))
