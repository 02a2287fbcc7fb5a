"""MSCA-Net: multi-scale contextual attention over a ResNet-34 U-Net."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.nets.base import NETS, LesionNet, Task
from lentigo.nets.resnet34 import ResNet34
from lentigo.nets.upsampling import upsample

_BRIDGED_CHANNELS = (64, 128, 256)  # of the encoder's layers 1 to 3, at strides 4, 8 and 16
_DECODER_CHANNELS = (256, 128, 64, 64)  # at strides 16, 8, 4 and 2
_SCALE_CHANNELS = 64  # of every scale in the deep supervision


def _convolution(channels_in: int, channels_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class MultiScaleBridge(nn.Module):
    """MSB: the skips of three scales, each told what the other two see.

    At scale i, with HᵢWᵢ positions, 1×1 convolutions make Eᵢ, which is query and key in one, and
    Vᵢ, both of ``channels`` channels. What scale i sends to scale j is VᵢAᵢⱼ, with
    Aᵢⱼ = softmax(EᵢᵀEⱼ); each position of i shares out a weight of 1 among the positions of j, as
    the authors' code has it. A 1×1 convolution joins the scale's own features and what the two
    others send, and gives the scale's number of channels back.
    """

    def __init__(self, scales: tuple[int, ...], channels: int = 64) -> None:
        super().__init__()
        self.embed = nn.ModuleList(nn.Conv2d(scale, channels, 1) for scale in scales)
        self.value = nn.ModuleList(nn.Conv2d(scale, channels, 1) for scale in scales)
        joined = (len(scales) - 1) * channels
        self.join = nn.ModuleList(nn.Conv2d(scale + joined, scale, 1) for scale in scales)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Return one tensor for each of ``features``, and of its shape."""
        embedded = [embed(f).flatten(2) for embed, f in zip(self.embed, features, strict=True)]
        values = [value(f).flatten(2) for value, f in zip(self.value, features, strict=True)]
        bridged = []
        for j, (own, join) in enumerate(zip(features, self.join, strict=True)):
            sent = [
                torch.unflatten(value @ (query.mT @ embedded[j]).softmax(-1), 2, own.shape[2:])
                for i, (query, value) in enumerate(zip(embedded, values, strict=True))
                if i != j
            ]
            bridged.append(join(torch.cat([own, *sent], dim=1)))
        return bridged


class GlobalAttention(nn.Module):
    """The global half of GL-CSAM: every position, then every channel, sees all others.

    The two are those of Fu et al. 2019 (DANet, Eq. 1–4), with a query of 1×3 and a key of 3×1
    convolutions; as in DANet's code, channels look most at those least like them. The channels'
    attention takes what the positions' gives, and the sum of both goes on.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 8
        self.query = nn.Sequential(
            nn.Conv2d(channels, inner, (1, 3), padding=(0, 1), bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
        )
        self.key = nn.Sequential(
            nn.Conv2d(channels, inner, (3, 1), padding=(1, 0), bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
        )
        self.value = nn.Conv2d(channels, channels, 1)
        self.spatial_weight = nn.Parameter(torch.ones(()))
        self.channel_weight = nn.Parameter(torch.ones(()))

    def forward(self, features: Tensor) -> Tensor:
        """Return N×C×H×W for features N×C×H×W."""
        query, key = self.query(features).flatten(2), self.key(features).flatten(2)
        affinity = (query.mT @ key).softmax(-1)  # N×HW×HW, row by row over the positions seen
        seen = (self.value(features).flatten(2) @ affinity.mT).view_as(features)
        spatial: Tensor = features + self.spatial_weight * seen
        flat = spatial.flatten(2)
        energy = flat @ flat.mT
        attended = (energy.amax(-1, keepdim=True) - energy).softmax(-1)  # N×C×C
        return 2 * spatial + self.channel_weight * (attended @ flat).view_as(features)


class LocalAttention(nn.Module):
    """The local half of GL-CSAM: CBAM (Woo et al. 2018, Eq. 1–3), reduction 2, a 7×7 window."""

    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        self.perceptron = nn.Sequential(
            nn.Conv2d(channels, channels // reduction, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // reduction, channels, 1),
        )
        self.window = nn.Conv2d(2, 1, 7, padding=3)

    def channel_gate(self, features: Tensor) -> Tensor:
        """Return N×C×1×1 of 0–1 from the channels' means and maxima (Eq. 2)."""
        mean = features.mean((2, 3), keepdim=True)
        return torch.sigmoid(
            self.perceptron(mean) + self.perceptron(features.amax((2, 3), keepdim=True))
        )

    def spatial_gate(self, features: Tensor) -> Tensor:
        """Return N×1×H×W of 0–1 from the positions' means and maxima (Eq. 3)."""
        pooled = (features.mean(1, keepdim=True), features.amax(1, keepdim=True))
        return torch.sigmoid(self.window(torch.cat(pooled, dim=1)))

    def forward(self, features: Tensor) -> Tensor:
        """Return N×C×H×W for features N×C×H×W."""
        features = features * self.channel_gate(features)
        return features * self.spatial_gate(features)


class GlobalLocalAttention(nn.Module):
    """GL-CSAM: γ₁·global + γ₂·local + γ₃·features, the γ learnt.

    The authors' code starts each γ, here and within :class:`GlobalAttention`, at 0, which at first
    leaves the encoder's last layer and all four attentions without gradient; here they start at 1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.over_all = GlobalAttention(channels)
        self.nearby = LocalAttention(channels)
        self.weights = nn.Parameter(torch.ones(3))

    def forward(self, features: Tensor) -> Tensor:
        """Return N×C×H×W for features N×C×H×W."""
        whole, near, own = self.weights.unbind()
        attended: Tensor = whole * self.over_all(features) + near * self.nearby(features)
        return attended + own * features


class ScaleFusion(nn.Module):
    """SADS's step: two scales of one size, weighed against each other at every position."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels // 2, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, 2, 3, padding=1),
        )

    def weights(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return N×2×H×W of 0–1, a sum of 1 at every position."""
        scores: Tensor = self.weigh(torch.cat((coarse, fine), dim=1))
        return scores.softmax(1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return N×C×H×W for ``coarse`` and ``fine``, each N×C×H×W."""
        for_coarse, for_fine = self.weights(coarse, fine).unbind(1)
        return for_coarse.unsqueeze(1) * coarse + for_fine.unsqueeze(1) * fine


@NETS.register("msca-net")
class MscaNet(LesionNet):
    """MSCA-Net of Sun et al. 2023, Pattern Recognition 139:109524.

    A U-Net on a ResNet-34: a multi-scale bridge (MSB) in the skips of strides 4, 8 and 16, with
    the stem's own features as the skip of stride 2; global and local channel and spatial
    attention (GL-CSAM) on the deepest features; four decoder stages; and the scale-aware deep
    supervision (SADS), which brings every stage's features to 64 channels at stride 2 and fuses
    them one after the other, the coarsest first, so that the one loss reaches each scale directly.

    Filters, kernels and the order of things are those of the authors' code
    (YonghengSun1997/MSCA-Net), and so is the count of 27.09 million weights. Chosen differently:
    one logit for its two classes, no bias before a batch norm, no aligned corners when upsampling.
    The supervision has no further outputs and no further losses there, and therefore none here.

    The encoder's parts are ``stem`` and ``layer1`` to ``layer4``.
    """

    task: ClassVar[Task] = "segmentation"
    pretrained_name: ClassVar[str] = "resnet34"

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ResNet34()
        self.bridge = MultiScaleBridge(_BRIDGED_CHANNELS)
        self.attention = GlobalLocalAttention(channels := 512)
        stages = []
        for skip, filters in zip((256, 128, 64, 64), _DECODER_CHANNELS, strict=True):
            joined = channels + skip
            stages.append(
                nn.Sequential(
                    _convolution(joined, joined // 2, 3), _convolution(joined // 2, filters, 3)
                )
            )
            channels = filters
        self.decoder = nn.ModuleList(stages)
        self.scales = nn.ModuleList(nn.Conv2d(c, _SCALE_CHANNELS, 1) for c in _DECODER_CHANNELS)
        self.fusions = nn.ModuleList(ScaleFusion(_SCALE_CHANNELS) for _ in _DECODER_CHANNELS[1:])
        self.head = nn.Sequential(
            _convolution(_SCALE_CHANNELS, 32, 1), _convolution(32, 32, 3), nn.Conv2d(32, 1, 1)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1×H×W for pixels N×3×H×W of 0–255; H and W multiples of 32."""
        self.check_input(pixels)
        stem = self.encoder.stem(self.normalise(pixels))
        layer1 = self.encoder.layer1(F.max_pool2d(stem, 3, stride=2, padding=1))
        layer2 = self.encoder.layer2(layer1)
        layer3 = self.encoder.layer3(layer2)
        features = self.attention(self.encoder.layer4(layer3))
        skips = [stem, *self.bridge([layer1, layer2, layer3])]
        decoded = []
        for stage, skip in zip(self.decoder, reversed(skips), strict=True):
            features = stage(torch.cat((skip, upsample(features, 2)), dim=1))
            decoded.append(features)
        logits: Tensor = self.head(upsample(self._fused(decoded), 2))
        return logits

    def _fused(self, decoded: list[Tensor]) -> Tensor:
        """Return N×64×H/2×W/2 for the decoder's features of strides 16, 8, 4 and 2."""
        fused, *finer = (
            upsample(scale(features), factor)
            for scale, features, factor in zip(self.scales, decoded, (8, 4, 2, 1), strict=True)
        )
        for fusion, fine in zip(self.fusions, finer, strict=True):
            fused = fusion(fused, fine)
        return fused

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``stem`` and ``layer1`` to ``layer4``."""
        return self.encoder.parts()

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take torchvision's state dict of ResNet-34; its classifier is left out."""
        self.encoder.load_published(state)
