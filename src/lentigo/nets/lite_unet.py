"""Lite U-Net: an EfficientNet-Lite0 encoder and a light U-Net decoder, made for a CPU."""

from typing import Any, ClassVar, cast

import timm
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.nets.base import NETS, LesionNet, Task
from lentigo.nets.vgg_segnet import DecoderStage

_DECODER_CHANNELS = (128, 64, 48, 32)  # at strides 16, 8, 4 and 2


@NETS.register("lite-unet")
class LiteUNet(LesionNet):
    """A net of 3.8 million weights for outlines on a CPU.

    The encoder is EfficientNet-Lite0 (Liu 2020; EfficientNet of Tan & Le 2019 with ReLU6 and
    without squeeze-and-excitation) up to its last block. Four decoder stages as U-Net's
    (Ronneberger et al. 2015), of 128, 64, 48 and 32 filters, go back to half the input's size,
    each beside the encoder's features of its size. There a 1×1 convolution makes the logit, which
    is upsampled: the convolutions at full size, a U-Net's dearest, are left out. The decoder's are
    plain 3×3 convolutions, which a CPU computes faster than depthwise ones of equal strength.

    The encoder's parts are ``stem`` and ``block1`` to ``block7``, each with its batch norms.
    """

    task: ClassVar[Task] = "segmentation"
    pretrained_name: ClassVar[str] = "tf_efficientnet_lite0"

    def __init__(self) -> None:
        super().__init__()
        self.encoder = cast(Any, timm.create_model(self.pretrained_name, features_only=True))
        *skips, channels = self.encoder.feature_info.channels()
        stages = []
        for skip_channels, filters in zip(reversed(skips), _DECODER_CHANNELS, strict=True):
            stages.append(DecoderStage(channels + skip_channels, filters))
            channels = filters
        self.decoder = nn.ModuleList(stages)
        self.head = nn.Conv2d(channels, 1, kernel_size=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1×H×W for pixels N×3×H×W of 0–255; H and W multiples of 32."""
        self.check_input(pixels)
        *skips, features = self.encoder(self.normalise(pixels))
        for stage, skip in zip(self.decoder, reversed(skips), strict=True):
            features = stage(features, skip)
        return F.interpolate(self.head(features), scale_factor=2, mode="bilinear")

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``stem`` and ``block1`` to ``block7``."""
        stem = nn.ModuleList([self.encoder.conv_stem, self.encoder.bn1])
        blocks = {f"block{i}": block for i, block in enumerate(self.encoder.blocks, start=1)}
        return {"stem": stem, **blocks}

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take timm's state dict; its last 1×1 convolution and classifier are left out."""
        self.encoder.load_state_dict({name: state[name] for name in self.encoder.state_dict()})
