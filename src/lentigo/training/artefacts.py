"""What comes between the lens and the skin, on a whole batch at once: N×3×H×W, float, 0–255."""

import math

import torch
from torch import Tensor

from lentigo.training.chance import log_uniform, struck, uniform
from lentigo.training.overlays import hair_bank, ruler_bank

_DARK_HAIR, _LIGHT_HAIR = (55.0, 38.0, 30.0), (205.0, 185.0, 160.0)
_LIGHT_SHARE = 0.15
_DARK_INK, _LIGHT_INK = (25.0, 25.0, 28.0), (225.0, 225.0, 225.0)
_CUTOUT_AREA = (0.02, 0.15)
_CUTOUT_ASPECT = 2.0


def add_hair(pixels: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Lay drawn hairs over some images: brown to black ones, on one in seven light ones."""
    hit = struck(len(pixels), probability, generator)
    if not len(hit):
        return pixels
    bank = hair_bank((pixels.shape[2], pixels.shape[3]), pixels.device)
    return _overlaid(pixels, hit, bank, (_DARK_HAIR, _LIGHT_HAIR), generator)


def add_ruler(pixels: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Lay a transparent scale along an edge of some images: black, on one in seven white."""
    hit = struck(len(pixels), probability, generator)
    if not len(hit):
        return pixels
    bank = ruler_bank((pixels.shape[2], pixels.shape[3]), pixels.device)
    return _overlaid(pixels, hit, bank, (_DARK_INK, _LIGHT_INK), generator)


def darken_corners(pixels: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Darken images with the square of the distance from a point near their middle.

    What is lost at half a diagonal is uniform in [0, ``strength``], a share of the brightness.
    """
    count, _, height, width = pixels.shape
    distance = _from_middle(pixels, 0.1, generator) * 2 / math.hypot(height, width)
    loss = uniform(count, 0, strength, generator).view(-1, 1, 1, 1)
    return pixels * (1 - loss * distance.square()).clamp_min_(0)


def close_in(
    pixels: Tensor, mask: Tensor | None, probability: float, generator: torch.Generator
) -> Tensor:
    """Close some images in by the black round edge of a dermatoscope's tube.

    The circle's radius lies between half the shorter side and half the diagonal. An image of
    whose lesion it would hide a part stays as it is: where nothing is seen, nobody marks a lesion.
    """
    count, _, height, width = pixels.shape
    short = min(height, width)
    radius = uniform(count, short / 2, math.hypot(height, width) / 2, generator)
    softness = uniform(count, 0.005, 0.03, generator) * short
    black = torch.rand(count, 3, generator=generator)[:, :, None, None] * 25
    distance = _from_middle(pixels, 0.05, generator)
    opacity = (distance - radius.view(-1, 1, 1, 1)) / softness.view(-1, 1, 1, 1)
    opacity = opacity.clamp_(0, 1)
    closed = torch.rand(count, generator=generator) < probability
    if mask is not None:
        closed &= ((opacity > 0) * mask).amax((1, 2, 3)) == 0
    return torch.lerp(pixels, black, opacity * closed.view(-1, 1, 1, 1))


def cut_out(pixels: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Replace a rectangle of some images by the image's mean colour or, as often, by black.

    The rectangle lies inside the image, covers 2–15 % of it, and its sides' ratio is at most
    twice or half the image's own. DeVries & Taylor 2017, Improved Regularization of
    Convolutional Neural Networks with Cutout, section 3.
    """
    count, _, height, width = pixels.shape
    hit = torch.rand(count, generator=generator) < probability
    area = uniform(count, *_CUTOUT_AREA, generator)
    aspect = log_uniform(count, _CUTOUT_ASPECT, generator)
    rows = _stretch(height, (area * aspect).sqrt(), generator)
    columns = _stretch(width, (area / aspect).sqrt(), generator)
    inside = rows[:, None, :, None] & columns[:, None, None, :] & hit.view(-1, 1, 1, 1)
    means = pixels.mean(dim=(2, 3), keepdim=True)
    fill = means * torch.randint(0, 2, (count, 1, 1, 1), generator=generator)
    return torch.where(inside, fill, pixels)


def _overlaid(
    pixels: Tensor,
    hit: Tensor,
    bank: Tensor,
    colours: tuple[tuple[float, float, float], tuple[float, float, float]],
    generator: torch.Generator,
) -> Tensor:
    """Lay a drawing of the bank, in the dark or the light colour, over the images ``hit``."""
    count = len(hit)
    light = torch.rand(count, generator=generator) < _LIGHT_SHARE
    shade = uniform(count, 0.4, 1.2, generator).view(-1, 1)
    dark, bright = (torch.tensor(colour) for colour in colours)
    colour = torch.where(light.view(-1, 1), bright, dark * shade)
    strength = uniform(count, 0.6, 0.95, generator).view(-1, 1, 1, 1)
    opacity = _picked(bank, count, (pixels.shape[2], pixels.shape[3]), generator)
    laid = torch.lerp(pixels[hit], colour[:, :, None, None], opacity * (strength / 255))
    return pixels.index_copy(0, hit, laid)


def _picked(
    bank: Tensor, count: int, size_px: tuple[int, int], generator: torch.Generator
) -> Tensor:
    """Return cut-outs of random drawings, flipped by chance: count×1×H×W, 0–255."""
    which = torch.randint(len(bank), (count, 1, 1), generator=generator)
    indices = []
    for side, canvas in zip(size_px, bank.shape[1:], strict=True):
        start = torch.randint(canvas - side + 1, (count, 1), generator=generator)
        along = torch.arange(side) + start
        flipped = torch.rand(count, 1, generator=generator) < 0.5
        indices.append(torch.where(flipped, along.flip(1), along))
    rows, columns = indices
    return bank[which, rows[:, :, None], columns[:, None, :]][:, None]


def _from_middle(pixels: Tensor, wander: float, generator: torch.Generator) -> Tensor:
    """Return distances in px, N×1×H×W, from points that lie so many short sides off the middle."""
    count, _, height, width = pixels.shape
    off = (torch.rand(count, 2, generator=generator) * 2 - 1) * wander * min(height, width)
    rows = torch.arange(height) - (height - 1) / 2 - off[:, :1]
    columns = torch.arange(width) - (width - 1) / 2 - off[:, 1:]
    return (rows.square()[:, None, :, None] + columns.square()[:, None, None, :]).sqrt_()


def _stretch(side: int, share: Tensor, generator: torch.Generator) -> Tensor:
    """Return N×side, true along a piece of the side that is ``share`` long and lies inside it."""
    length = (share * side).round().clamp_min_(1)
    start = (torch.rand(len(share), generator=generator) * (side - length + 1)).floor()
    place = torch.arange(side)
    return (place >= start[:, None]) & (place < (start + length)[:, None])
