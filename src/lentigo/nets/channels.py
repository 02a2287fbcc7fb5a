"""Nets that see more than one picture of three channels: a mask with it, or two pictures."""

import copy

import torch
from torch import Tensor, nn

from lentigo.errors import RecipeError
from lentigo.nets.base import LesionNet, Normalise
from lentigo.nets.weights import Pretrained

RGB = 3
RGB_AND_MASK = 4
TWO_PICTURES = 6

_HALF = 127.5  # a mask of 0 and 255 becomes −1 and 1


def for_channels(net: LesionNet, channels: int) -> LesionNet:
    """Return a classification net for an input of N×C×H×W, 0–255; it is changed in place.

    Args:
        net: A net for RGB, with the weights that it starts from.
        channels: C: 3 leaves the net as it is; 4 is RGB and a mask of 0 and 255; 6 is two RGB
            pictures.

    Raises:
        RecipeError: The net cannot take so many.
    """
    if channels == RGB_AND_MASK:
        return _with_mask(net)
    return TwoPictures(net) if channels == TWO_PICTURES else net


def first_convolution(net: nn.Module) -> nn.Conv2d:
    """Return the convolution that sees the input.

    Raises:
        RecipeError: The net has none.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            return module
    raise RecipeError(
        f"{type(net).__name__} begins with no convolution that could take a mask; choose another "
        "region than crop+mask, or another net"
    )


def _with_mask(net: LesionNet) -> LesionNet:
    """Give the first convolution a fourth channel whose weights are 0: at first nothing changes."""
    first = first_convolution(net)
    if first.in_channels != RGB:
        raise RecipeError(f"the first convolution takes {first.in_channels} channels; expected 3")
    weight = first.weight
    mask_weight = weight.new_zeros(weight.shape[0], 1, *weight.shape[2:])
    first.weight = nn.Parameter(torch.cat((weight.detach(), mask_weight), dim=1))
    first.in_channels = RGB_AND_MASK
    half = net.normalise.mean.new_full((1, 1, 1, 1), _HALF)
    net.normalise.mean = torch.cat((net.normalise.mean, half), dim=1)
    net.normalise.std = torch.cat((net.normalise.std, half), dim=1)
    return net


class TwoPictures(LesionNet):
    """One encoder for two pictures of a photo, their pooled features joined by one linear layer.

    It is that layer's two halves, one a picture, whose logits are added. The second half starts as
    a copy of the first.

    Args:
        net: A classification net that ends in ``head``, from pooled features to logits; it is
            taken apart.
    """

    def __init__(self, net: LesionNet) -> None:
        if not isinstance(head := getattr(net, "head", None), nn.Module):
            raise RecipeError(
                f"{type(net).__name__} ends in no 'head' that features could be joined before; "
                "choose another region than frame+crop, or another net"
            )
        super().__init__()
        self.task = net.task  # type: ignore[misc] # that of the net inside
        self.stride_px = net.stride_px  # type: ignore[misc]
        self.normalise: Normalise = net.normalise
        self.heads = nn.ModuleList((head, copy.deepcopy(head)))
        net.normalise, net.head = nn.Identity(), nn.Identity()  # type: ignore[assignment]
        self.features = net

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1 for two pictures of 0–255, N×6×H×W."""
        pictures = torch.cat(pixels.chunk(2, dim=1))
        features = self.features(self.normalise(pictures))
        # Not chunk, by which an exported model would take one number of images alone.
        first, second = features.reshape(2, -1, features.shape[1])
        logits: Tensor = self.heads[0](first) + self.heads[1](second)
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return the parts of the one encoder."""
        return self.features.encoder_parts()

    def keras_layers(self) -> dict[str, int]:
        """Return the counts of the one encoder."""
        return self.features.keras_layers()

    def published(self) -> tuple[Pretrained, ...]:
        """Return the weights published for the one encoder."""
        return self.features.published()
