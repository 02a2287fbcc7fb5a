"""VGG–SegNet: a VGG16 encoder with a SegNet-style decoder and skips of pooled features."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torchvision.models import vgg16

from lentigo.errors import RecipeError
from lentigo.nets.base import NETS, LesionNet, Task
from lentigo.nets.upsampling import upsample

_BLOCK_CHANNELS = (64, 128, 256, 512, 512)
_BLOCK_STARTS = (0, 5, 10, 17, 24, 31)  # in torchvision's vgg16.features; each ends in its pool
_DECODER_CHANNELS = (512, 256, 128, 64, 64)
_SKIP_CHOICES = ((), ("b4", "b3"), ("b4", "b3", "b2"))


class DecoderStage(nn.Module):
    """Upsample twofold, join the skip where there is one, then twice conv 3×3 + BN + ReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, features: Tensor, skip: Tensor | None = None) -> Tensor:
        """Return N×``channels_out``×2H×2W for features N×C×H×W and a skip N×S×2H×2W."""
        features = upsample(features, 2)
        if skip is not None:
            features = torch.cat((features, skip), dim=1)
        joined: Tensor = self.convolutions(features)
        return joined


@NETS.register("vgg-segnet")
class VggSegNet(LesionNet):
    """The first study's net.

    The encoder is VGG16's five convolution blocks (Simonyan & Zisserman 2015), each with its
    max-pooling. Five decoder stages of 512, 256, 128, 64 and 64 filters go back to the input's
    size; the first three take the pooled features of block 4, 3 and 2 beside them. A 1×1
    convolution makes the logit.

    Args:
        skips: ``[]``, ``[b4, b3]`` or ``[b4, b3, b2]``.

    Raises:
        RecipeError: Other skips.
    """

    task: ClassVar[Task] = "segmentation"
    pretrained_name: ClassVar[str] = "vgg16"

    def __init__(self, skips: Sequence[str] = ("b4", "b3", "b2")) -> None:
        super().__init__()
        if tuple(skips) not in _SKIP_CHOICES:
            raise RecipeError(
                f"skips are {list(skips)}; expected one of {[list(c) for c in _SKIP_CHOICES]}"
            )
        layers = vgg16(weights=None).features
        self.blocks = nn.ModuleDict(
            {
                f"block{i + 1}": layers[_BLOCK_STARTS[i] : _BLOCK_STARTS[i + 1]]
                for i in range(len(_BLOCK_CHANNELS))
            }
        )
        self.skips = tuple(skips)
        stages, channels = [], _BLOCK_CHANNELS[-1]
        for block, filters in zip((4, 3, 2, 1, 0), _DECODER_CHANNELS, strict=True):
            skip_channels = _BLOCK_CHANNELS[block - 1] if f"b{block}" in self.skips else 0
            stages.append(DecoderStage(channels + skip_channels, filters))
            channels = filters
        self.decoder = nn.ModuleList(stages)
        self.head = nn.Conv2d(channels, 1, kernel_size=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1×H×W for pixels N×3×H×W of 0–255; H and W multiples of 32."""
        return self.behind(self.front(pixels, parts=0), parts=0)

    def frozen_front(self) -> int:
        """Return how many blocks are frozen from the input inwards."""
        return self._frozen_in_a_row()

    def front(self, pixels: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Return the skips among the first blocks, and what the last of them hands on."""
        self.check_input(pixels)
        features, skips = self.normalise(pixels), []
        for i, block in enumerate(list(self.blocks.values())[:parts], start=1):
            features = block(features)
            if i < parts and f"b{i}" in self.skips:
                skips.append(features)
        return (*skips, features)

    def behind(self, kept: tuple[Tensor, ...], parts: int) -> Tensor:
        """Return logits as :meth:`forward` does, from what :meth:`front` returned."""
        *skips, features = kept
        names = [f"b{i}" for i in range(1, parts) if f"b{i}" in self.skips]
        pooled = {**dict(zip(names, skips, strict=True)), f"b{parts}": features}
        for i, block in enumerate(list(self.blocks.values())[parts:], start=parts + 1):
            features = pooled[f"b{i}"] = block(features)
        for stage, name in zip(self.decoder, ("b4", "b3", "b2", "b1", None), strict=True):
            features = stage(features, pooled[name] if name in self.skips else None)
        logits: Tensor = self.head(features)
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``block1`` to ``block5``."""
        return dict(self.blocks.items())

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take a state dict with torchvision's key names, ``features.N.weight``."""
        for block in self.blocks.values():  # slices of vgg16.features keep their layers' numbers
            block.load_state_dict({name: state[f"features.{name}"] for name in block.state_dict()})
