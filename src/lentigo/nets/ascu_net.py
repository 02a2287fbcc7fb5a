"""ASCU-Net: a U-Net with attention gates, spatial attention and channel attention."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.nets.base import NETS, LesionNet, Task
from lentigo.nets.upsampling import upsample

_CHANNELS = (64, 128, 256, 512, 1024)  # U-Net's, at strides 1, 2, 4, 8 and 16


def _double_convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return U-Net's two convolutions, padded, and with the batch norms it is used with today."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class AttentionGate(nn.Module):
    """The first attention: the coarser features say where the skip matters.

    Oktay et al. 2018, Eq. 1 and 2: α = σ(ψᵀ ReLU(Wₓ x + W_g g + b_g) + b_ψ), computed on the
    grid of the gating signal g, which the strided Wₓ brings the skip x to, and resampled
    bilinearly. The skip goes on as α·x.
    """

    def __init__(self, skip_channels: int, gating_channels: int) -> None:
        super().__init__()
        inner = skip_channels // 2
        self.from_skip = nn.Conv2d(skip_channels, inner, 2, stride=2, bias=False)
        self.from_gating = nn.Conv2d(gating_channels, inner, 1)
        self.score = nn.Conv2d(inner, 1, 1)

    def coefficients(self, skip: Tensor, gating: Tensor) -> Tensor:
        """Return α, N×1×2H×2W of 0–1, for a skip N×C×2H×2W and a gating signal N×D×H×W."""
        joint = F.relu(self.from_skip(skip) + self.from_gating(gating))
        return upsample(torch.sigmoid(self.score(joint)), 2)

    def forward(self, skip: Tensor, gating: Tensor) -> Tensor:
        """Return the gated skip, N×C×2H×2W."""
        return skip * self.coefficients(skip, gating)


class SpatialAttention(nn.Module):
    """The second attention: σ(f⁷ˣ⁷[mean; max over the channels]) (Woo et al. 2018, Eq. 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.window = nn.Conv2d(2, 1, 7, padding=3)

    def gate(self, features: Tensor) -> Tensor:
        """Return N×1×H×W of 0–1 for features N×C×H×W."""
        pooled = (features.mean(1, keepdim=True), features.amax(1, keepdim=True))
        return torch.sigmoid(self.window(torch.cat(pooled, dim=1)))

    def forward(self, features: Tensor) -> Tensor:
        """Return N×C×H×W for features N×C×H×W."""
        return features * self.gate(features)


class ChannelAttention(nn.Module):
    """The third attention: σ(MLP(mean) + MLP(max)) (Woo et al. 2018, Eq. 2, reduction 16)."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.perceptron = nn.Sequential(
            nn.Linear(channels, channels // reduction),
            nn.ReLU(inplace=True),
            nn.Linear(channels // reduction, channels),
        )

    def gate(self, features: Tensor) -> Tensor:
        """Return N×C×1×1 of 0–1 for features N×C×H×W."""
        weights = torch.sigmoid(
            self.perceptron(features.mean((2, 3))) + self.perceptron(features.amax((2, 3)))
        )
        return weights[..., None, None]

    def forward(self, features: Tensor) -> Tensor:
        """Return N×C×H×W for features N×C×H×W."""
        return features * self.gate(features)


class TripleAttentionStage(nn.Module):
    """A decoder stage: gate the skip, join it, convolve twice, then spatial, channel attention."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.gate = AttentionGate(channels_out, channels_in)
        self.up = nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2)
        self.convolutions = _double_convolution(2 * channels_out, channels_out)
        self.spatial = SpatialAttention()
        self.channel = ChannelAttention(channels_out)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        """Return N×C×2H×2W for features N×D×H×W and a skip N×C×2H×2W."""
        joined = torch.cat((self.gate(skip, features), self.up(features)), dim=1)
        decoded: Tensor = self.channel(self.spatial(self.convolutions(joined)))
        return decoded


@NETS.register("ascu-net")
class AscuNet(LesionNet):
    """ASCU-Net of Tong et al. 2021, Diagnostics 11(3):501.

    A U-Net (Ronneberger et al. 2015, Figure 1) with three attentions: a gate on every skip, and in
    each decoder stage a dual attention decoding module of spatial and channel attention.

    No code of the authors is known. Taken here: U-Net's filters, 64 to 1024, and its
    up-convolutions; the gate of Attention U-Net; and CBAM's two attentions behind the stage's
    convolutions, in the order in which the article names them, spatial before channel.

    It is trained from scratch. The encoder's parts are ``block1`` to ``block5``, each but the
    first behind a max-pooling of 2×2.
    """

    task: ClassVar[Task] = "segmentation"
    stride_px: ClassVar[int] = 16

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _double_convolution(channels_in, channels_out)
            for channels_in, channels_out in zip((3, *_CHANNELS), _CHANNELS, strict=False)
        )
        self.decoder = nn.ModuleList(
            TripleAttentionStage(2 * channels, channels) for channels in reversed(_CHANNELS[:-1])
        )
        self.head = nn.Conv2d(_CHANNELS[0], 1, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1×H×W for pixels N×3×H×W of 0–255; H and W multiples of 16."""
        self.check_input(pixels)
        first, *deeper = self.blocks
        features, skips = first(self.normalise(pixels)), []
        for block in deeper:
            skips.append(features)
            features = block(F.max_pool2d(features, 2))
        for stage, skip in zip(self.decoder, reversed(skips), strict=True):
            features = stage(features, skip)
        logits: Tensor = self.head(features)
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``block1`` to ``block5``."""
        return {f"block{i}": block for i, block in enumerate(self.blocks, start=1)}
