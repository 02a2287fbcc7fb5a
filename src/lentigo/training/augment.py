"""Random changes of a whole batch at once, from the camera's place to what it leaves out."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lentigo.nets.channels import RGB, RGB_AND_MASK
from lentigo.training.artefacts import add_hair, add_ruler, close_in, cut_out, darken_corners
from lentigo.training.chance import log_uniform, uniform
from lentigo.training.photometry import add_noise, blur, expose, recolour, soften
from lentigo.training.recipe_augmentation import Augmentation


def augment(
    pixels: Tensor, mask: Tensor | None, how: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    """Change images and, alike in geometry, their masks.

    The order is that of a photograph: geometry, artefacts, colour, sharpness, noise; what is cut
    out comes last. Only geometry changes the mask.

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
    pixels = _cover(pixels, mask, how, generator)
    if how.gamma > 1:
        pixels = expose(pixels, how.gamma, generator)
    pixels = recolour(pixels, how, generator)
    if how.blur:
        pixels = blur(pixels, how.blur, generator)
    if how.resolution < 1:
        pixels = soften(pixels, how.resolution, generator)
    if how.noise:
        pixels = add_noise(pixels, how.noise, generator)
    if how.cutout:
        pixels = cut_out(pixels, how.cutout, generator)
    return pixels.clamp(0, 255), mask


def augment_view(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Change what a classifier sees, all of a photo alike.

    Args:
        pixels: N×C×H×W, float, 0–255: C is 3, 4 with a mask of 0 and 255 that moves with the
            picture, or 6 of two pictures that draw the same chances.
        how: The largest changes.
        generator: As in :func:`augment`.
    """
    if pixels.shape[1] == RGB_AND_MASK:
        picture, mask = augment(pixels[:, :RGB], pixels[:, RGB:] / 255, how, generator)
        return picture if mask is None else torch.cat((picture, mask * 255), dim=1)
    state = generator.get_state()
    changed = []
    for picture in pixels.chunk(pixels.shape[1] // RGB, dim=1):
        generator.set_state(state)
        changed.append(augment(picture, None, how, generator)[0])
    return torch.cat(changed, dim=1)


def _cover(
    pixels: Tensor, mask: Tensor | None, how: Augmentation, generator: torch.Generator
) -> Tensor:
    """Lay on the images, from the skin up, what lies between it and the lens."""
    if how.hair:
        pixels = add_hair(pixels, how.hair, generator)
    if how.ruler:
        pixels = add_ruler(pixels, how.ruler, generator)
    if how.vignette:
        pixels = darken_corners(pixels, how.vignette, generator)
    if how.tube:
        pixels = close_in(pixels, mask, how.tube, generator)
    return pixels


def _grid(shape: torch.Size, how: Augmentation, generator: torch.Generator) -> Tensor | None:
    """Return the sampling grid, N×H×W×2, or none where geometry stays as it is."""
    if not (how.flips or how.rotation_deg or how.shift) and how.scale == how.aspect == 1:
        return None
    count, _, height, width = shape
    angle = torch.deg2rad(uniform(count, -how.rotation_deg, how.rotation_deg, generator))
    scale = log_uniform(count, how.scale, generator)
    stretch = log_uniform(count, how.aspect, generator).sqrt()
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
