"""Colour, sharpness and noise of a whole batch at once: N×3×H×W, float, 0–255."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lentigo.training.chance import log_uniform, uniform
from lentigo.training.recipe_augmentation import Augmentation

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_GROUPS = 4


def expose(pixels: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """Raise brightness, as a share of 255, to a power log-uniform in [1 / largest, largest]."""
    power = log_uniform(len(pixels), largest, generator).view(-1, 1, 1, 1)
    return (pixels / 255).clamp_(0, 1).pow_(power).mul_(255)


def recolour(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Brightness, contrast, saturation and tint as one 3×3 matrix and one offset an image."""
    if not (how.brightness or how.contrast or how.saturation or how.tint):
        return pixels
    count = pixels.shape[0]
    gain = 1 + uniform(count, -how.brightness, how.brightness, generator)
    contrast = 1 + uniform(count, -how.contrast, how.contrast, generator)
    saturation = (1 + uniform(count, -how.saturation, how.saturation, generator)).view(-1, 1, 1)
    tint = 1 + (torch.rand(count, 3, generator=generator) * 2 - 1) * how.tint
    grey = torch.tensor(_LUMA).expand(3, 3)
    matrix = saturation * torch.eye(3) + (1 - saturation) * grey
    matrix = matrix * tint[:, :, None] * (gain * contrast).view(-1, 1, 1)
    means = pixels.mean(dim=(2, 3)) @ torch.tensor(_LUMA)
    offset = (means * gain * (1 - contrast)).view(-1, 1, 1, 1)
    changed = torch.einsum("nij,njhw->nihw", matrix, pixels) + offset
    return changed.clamp_(0, 255)


def blur(pixels: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """Blur by Gaussians whose sigma is uniform in [0, ``largest``], in shorter sides."""
    count, channels, height, width = pixels.shape
    largest_px = largest * min(height, width)
    sigma = uniform(count, 0, largest_px, generator).clamp_min_(1e-3)
    reach = math.ceil(3 * largest_px)
    place = torch.arange(-reach, reach + 1)
    kernel = torch.exp(-place.square() / (2 * sigma.square()[:, None]))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)[:, None, None]
    # One group an image and channel: two passes blur every image by its own sigma.
    planes = pixels.reshape(1, count * channels, height, width)
    for direction in (kernel, kernel.transpose(2, 3)):
        down, across = (side // 2 for side in direction.shape[2:])
        padded = F.pad(planes, (across, across, down, down), mode="replicate")
        planes = F.conv2d(padded, direction, groups=count * channels)
    return planes.reshape(pixels.shape)


def soften(pixels: Tensor, smallest: float, generator: torch.Generator) -> Tensor:
    """Reduce about half of the images in resolution and bring them back.

    Up to four groups of neighbours in the batch draw by themselves whether, and to which share
    of the side, log-uniform in [``smallest``, 1].
    """
    chances = torch.rand(_GROUPS, 2, generator=generator).tolist()
    groups = pixels.tensor_split(_GROUPS)
    return torch.cat(
        [
            _reduced(group, smallest**share) if chance >= 0.5 and len(group) else group
            for group, (chance, share) in zip(groups, chances, strict=True)
        ]
    )


def add_noise(pixels: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """Add Gaussian noise whose standard deviation is uniform in [0, ``largest``] grey levels.

    Each colour channel gets between half of its image's deviation and all of it.
    """
    count, channels = pixels.shape[:2]
    deviation = uniform(count, 0, largest, generator).view(-1, 1)
    deviation = deviation * (0.5 + 0.5 * torch.rand(count, channels, generator=generator))
    noise = torch.randn(pixels.shape, generator=generator)
    return torch.addcmul(pixels, noise, deviation[:, :, None, None])


def _reduced(pixels: Tensor, factor: float) -> Tensor:
    height, width = pixels.shape[-2:]
    small = F.interpolate(
        pixels,
        size=(max(1, round(height * factor)), max(1, round(width * factor))),
        mode="bilinear",
        antialias=True,
    )
    return F.interpolate(small, size=(height, width), mode="bilinear")
