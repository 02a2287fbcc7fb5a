"""Random changes of a whole batch at once: one resampling for geometry, one product for colour."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lentigo.training.recipe import Augmentation

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def augment(
    pixels: Tensor, mask: Tensor | None, how: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    """Change images and, alike in geometry, their masks.

    Args:
        pixels: N×3×H×W, float, 0–255.
        mask: N×1×H×W, float, 0 or 1; none for classification.
        how: The largest changes.
        generator: Where all chance comes from: the same state gives the same batch.

    Returns:
        New tensors of the same shapes and ranges. What comes in from outside an image repeats
        its border, as letterboxing does.
    """
    grid = _grid(pixels.shape, how, generator)
    if grid is not None:
        pixels = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
        if mask is not None:
            moved = F.grid_sample(mask, grid, padding_mode="border", align_corners=False)
            mask = (moved >= 0.5).to(mask.dtype)
    return _soften(_recolour(pixels, how, generator), how, generator), mask


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def _log_uniform(count: int, largest: float, generator: torch.Generator) -> Tensor:
    return _uniform(count, -math.log(largest), math.log(largest), generator).exp()


def _grid(shape: torch.Size, how: Augmentation, generator: torch.Generator) -> Tensor | None:
    """Return the sampling grid, N×H×W×2, or none where geometry stays as it is."""
    if not (how.flips or how.rotation_deg or how.shift) and how.scale == how.aspect == 1:
        return None
    count, _, height, width = shape
    angle = torch.deg2rad(_uniform(count, -how.rotation_deg, how.rotation_deg, generator))
    scale = _log_uniform(count, how.scale, generator)
    stretch = _log_uniform(count, how.aspect, generator).sqrt()
    shift = torch.rand(count, 2, generator=generator) * 2 - 1
    sign = torch.randint(0, 2, (count, 2), generator=generator) * 2.0 - 1
    if not how.flips:
        sign = torch.ones_like(sign)
    # Rows turn target coordinates into source ones; height/width keeps a turned circle round.
    ratio = height / width
    across, down = sign[:, 0] / (scale * stretch), sign[:, 1] * stretch / scale
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = angle.cos() * across
    theta[:, 0, 1] = -angle.sin() * ratio * across
    theta[:, 1, 0] = angle.sin() / ratio * down
    theta[:, 1, 1] = angle.cos() * down
    theta[:, :, 2] = shift * 2 * how.shift
    return F.affine_grid(theta, [count, 3, height, width], align_corners=False)


def _recolour(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Brightness, contrast, saturation and tint as one 3×3 matrix and one offset an image."""
    if not (how.brightness or how.contrast or how.saturation or how.tint):
        return pixels
    count = pixels.shape[0]
    gain = 1 + _uniform(count, -how.brightness, how.brightness, generator)
    contrast = 1 + _uniform(count, -how.contrast, how.contrast, generator)
    saturation = (1 + _uniform(count, -how.saturation, how.saturation, generator)).view(-1, 1, 1)
    tint = 1 + (torch.rand(count, 3, generator=generator) * 2 - 1) * how.tint
    grey = torch.tensor(_LUMA).expand(3, 3)
    matrix = saturation * torch.eye(3) + (1 - saturation) * grey
    matrix = matrix * tint[:, :, None] * (gain * contrast).view(-1, 1, 1)
    means = pixels.mean(dim=(2, 3)) @ torch.tensor(_LUMA)
    offset = (means * gain * (1 - contrast)).view(-1, 1, 1, 1)
    changed = torch.einsum("nij,njhw->nihw", matrix, pixels) + offset
    return changed.clamp_(0, 255)


def _soften(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Reduce half of the batches in resolution and bring them back."""
    if how.resolution == 1:
        return pixels
    chance, share = torch.rand(2, generator=generator).tolist()
    if chance < 0.5:
        return pixels
    factor = how.resolution**share
    height, width = pixels.shape[-2:]
    small = F.interpolate(
        pixels,
        size=(max(1, round(height * factor)), max(1, round(width * factor))),
        mode="bilinear",
        antialias=True,
    )
    return F.interpolate(small, size=(height, width), mode="bilinear")
