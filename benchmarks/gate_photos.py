"""Pictures that came with scikit-image, scikit-learn and Matplotlib, by kind: no dermoscopy.

They are cut out anew at each draw, at no less than 40 % of their sides: a smaller piece of a face
may well be bare skin.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import networkx
import numpy as np
import skimage.data
import sklearn.datasets
from PIL import Image

from lentigo.imaging.arrays import Pixels
from lentigo.imaging.convert import rgb_pixels

SKIMAGE = Path(skimage.data.__file__).parent
SKLEARN = Path(sklearn.datasets.__file__).parent / "images"
MATPLOTLIB = Path(matplotlib.__file__).parent / "mpl-data"
NETWORKX = Path(networkx.__file__).parent / "drawing" / "tests" / "baseline"
LEAST_SHARE = 0.4

FILES: dict[str, tuple[Path, ...]] = {
    "portrait": (
        SKIMAGE / "astronaut.png",
        MATPLOTLIB / "sample_data" / "grace_hopper.jpg",
    ),
    "animal": (SKIMAGE / "chelsea.png", SKIMAGE / "horse.png"),
    "outdoors": (SKLEARN / "china.jpg", SKIMAGE / "rocket.jpg", SKIMAGE / "camera.png"),
    "things": (
        SKIMAGE / "coffee.png",
        SKIMAGE / "motorcycle_left.png",
        SKIMAGE / "clock_motion.png",
        SKIMAGE / "coins.png",
    ),
    "plants": (SKLEARN / "flower.jpg", SKIMAGE / "grass.png"),
    "stones": (SKIMAGE / "brick.png", SKIMAGE / "gravel.png"),
    "sky": (SKIMAGE / "hubble_deep_field.jpg", SKIMAGE / "moon.png"),
    "print": (SKIMAGE / "page.png", SKIMAGE / "text.png"),
    "emblems": (
        SKIMAGE / "logo.png",
        SKIMAGE / "color.png",
        SKIMAGE / "chessboard_RGB.png",
        MATPLOTLIB / "sample_data" / "logo2.png",
        MATPLOTLIB / "images" / "matplotlib_large.png",
        MATPLOTLIB / "sample_data" / "Minduka_Present_Blue_Pack.png",
    ),
    "graphs": tuple(sorted(NETWORKX.glob("*.png"))),
    "microscopy": (
        SKIMAGE / "ihc.png",
        SKIMAGE / "cell.png",
        SKIMAGE / "phantom.png",
    ),
    "eye-ground": (SKIMAGE / "retina.jpg", SKIMAGE / "microaneurysms.png"),
}
FACES = "small-faces"
BUNDLED = tuple(
    path for folder in (SKIMAGE, SKLEARN) for path in sorted(folder.iterdir())
    if path.suffix in (".png", ".jpg")
)  # fmt: skip


@cache
def whole(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.thumbnail((1024, 1024))
        return Image.fromarray(rgb_pixels(image))


@cache
def small_faces() -> Any:
    """Return 100 faces of Labeled Faces in the Wild, 25×25 and grey; those without are left out."""
    return np.load(SKIMAGE / "lfw_subset.npy")[:100]


def cut(rng: np.random.Generator, image: Image.Image, least: float = LEAST_SHARE) -> Pixels:
    """Return a piece of an image, or in a quarter of the draws all of it, mirrored or not."""
    shares = np.ones(2) if rng.random() < 0.25 else rng.uniform(least, 1, 2)
    wide, high = (
        max(1, round(side * share)) for side, share in zip(image.size, shares, strict=True)
    )
    left, top = rng.integers(0, image.width - wide + 1), rng.integers(0, image.height - high + 1)
    pixels = np.asarray(image.crop((left, top, left + wide, top + high)))
    return pixels[:, ::-1] if rng.random() < 0.5 else pixels


def photo(paths: tuple[Path, ...]) -> Callable[[np.random.Generator], Pixels]:
    return lambda rng: cut(rng, whole(paths[rng.integers(len(paths))]))


def face(rng: np.random.Generator) -> Pixels:
    grey = Image.fromarray((255 * small_faces()[rng.integers(100)]).astype(np.uint8))
    tint = rng.uniform((1, 0.75, 0.6), (1, 1, 1))
    return cut(rng, Image.fromarray((np.asarray(grey)[..., None] * tint).astype(np.uint8)), 0.7)


PHOTOS = {kind: photo(paths) for kind, paths in FILES.items()} | {FACES: face}
