"""FAT-Net: a CNN and a transformer side by side as the encoder of one decoder."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.errors import WeightsError
from lentigo.nets.base import NETS, LesionNet, Task
from lentigo.nets.resnet34 import ResNet34
from lentigo.nets.weights import Pretrained, find_pretrained, published

_TRANSFORMER = "deit_tiny_distilled_patch16_224"
_GRID = 14  # patches a side at 224 px, for which the position embedding was published
_SKIP_ADAPTATIONS = ((64, 6), (128, 4), (256, 2))  # channels and FAMs at strides 2, 4 and 8


class TransformerBranch(nn.Module):
    """The patches of 16×16 px through the 12 layers of DeiT-tiny (Touvron et al. 2021).

    A position embedding is added to the patches; for another input than 224×224 px it is
    interpolated bicubically, as DeiT's authors do for fine-tuning at another size. There is no
    class or distillation token, for nothing reads one, and no norm behind the last layer. The
    authors' code leaves the position embedding out, which Section 3 of Dosovitskiy et al. 2021,
    that the branch follows, puts in; it stays in here.
    """

    def __init__(self) -> None:
        super().__init__()
        whole: Any = timm.create_model(_TRANSFORMER, num_classes=0)
        self.patches = whole.patch_embed.proj
        self.blocks = whole.blocks
        self.channels: int = whole.embed_dim
        self.positions = nn.Parameter(torch.empty(1, self.channels, _GRID, _GRID))
        nn.init.trunc_normal_(self.positions, std=0.02)

    def positions_for(self, grid: tuple[int, int]) -> Tensor:
        """Return the position embedding, 1×C×h×w, for a grid of h×w patches."""
        if grid == (_GRID, _GRID):
            return self.positions
        return F.interpolate(self.positions, grid, mode="bicubic")

    def forward(self, pixels: Tensor) -> Tensor:
        """Return features N×192×H/16×W/16 for normalised pixels N×3×H×W."""
        patches = self.patches(pixels)
        height, width = patches.shape[-2:]
        tokens = (patches + self.positions_for((height, width))).flatten(2).mT
        features: Tensor = self.blocks(tokens)
        return torch.unflatten(features.mT, 2, (height, width))

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Take timm's state dict of DeiT-tiny; tokens, last norm and classifiers are left out.

        Raises:
            KeyError: An entry is missing.
            RuntimeError: An entry is of another shape.
        """
        ours = {name: state[name] for name in self.state_dict() if name.startswith("blocks.")}
        ours |= {
            f"patches.{name}": state[f"patch_embed.proj.{name}"] for name in ("weight", "bias")
        }
        positions = state["pos_embed"][:, 2:]  # behind the class's and the distillation token's
        ours["positions"] = positions.mT.reshape(self.positions.shape)
        self.load_state_dict(ours)


class SqueezeExcitation(nn.Module):
    """The weight of each channel from all channels' means (Hu et al. 2018, Eq. 2–4)."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.excite = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // reduction, channels, bias=False),
            nn.Sigmoid(),
        )

    def gate(self, features: Tensor) -> Tensor:
        """Return N×C×1×1 of 0–1 for features N×C×H×W."""
        weights: Tensor = self.excite(features.mean((2, 3)))
        return weights[..., None, None]

    def forward(self, features: Tensor) -> Tensor:
        """Return N×C×H×W for features N×C×H×W."""
        return features * self.gate(features)


class FeatureAdaptation(nn.Module):
    """FAM: the sum of a 3×3 and a 1×1 convolution, each with its ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.wide = nn.Conv2d(channels, channels, 3, padding=1)
        self.narrow = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return N×C×H×W for features N×C×H×W."""
        return F.relu(self.wide(features)) + F.relu(self.narrow(features))


def _decoder_stage(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return a stage of the memory-efficient decoder, which doubles the size.

    Its dear part, the transposed 3×3 convolution, is between two 1×1 convolutions and has a
    quarter of the input's channels (LinkNet's decoder block, Chaurasia & Culurciello 2017).
    """
    inner = channels_in // 4
    return nn.Sequential(
        nn.Conv2d(channels_in, inner, 1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(inner, inner, 3, stride=2, padding=1, output_padding=1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        nn.Conv2d(inner, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


@NETS.register("fat-net")
class FatNet(LesionNet):
    """FAT-Net of Wu et al. 2022, Medical Image Analysis 76:102327.

    The dual encoder is a ResNet-34 without its max-pooling, whose last features have stride 16,
    and a DeiT-tiny over patches of 16 px. Their features, 512 channels each, are weighed by
    squeeze and excitation and joined by a 1×1 convolution to 512. Three stages of the
    memory-efficient decoder (MED) go back to stride 2, to each of which the CNN's features of its
    size are added, behind 2, 4 and 6 feature adaptation modules (FAM). A transposed convolution
    and two of 3×3 make the logit at the input's size.

    Filters, kernels and counts are those of the authors' code (SZUcsh/FAT-Net). That code repeats
    one FAM at each size; here every FAM has its own weights, which makes the 30 million weights
    that FAT-Net is reported with. It also has no position embedding: see
    :class:`TransformerBranch`. There is no bias before a batch norm.

    ``pretrained: imagenet`` takes both branches' weights, as the authors do: ResNet-34's, and from
    the same folder DeiT-tiny's.

    The encoder's parts are ``stem`` and ``layer1`` to ``layer4`` of the CNN, and ``transformer``.
    """

    task: ClassVar[Task] = "segmentation"
    stride_px: ClassVar[int] = 16
    pretrained_name: ClassVar[str] = "resnet34"

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ResNet34()
        self.transformer = TransformerBranch()
        self.match = nn.Conv2d(self.transformer.channels, 512, 1)
        self.weigh = SqueezeExcitation(2 * 512)
        self.join = nn.Conv2d(2 * 512, 512, 1)
        self.adaptations = nn.ModuleList(
            nn.Sequential(*(FeatureAdaptation(channels) for _ in range(count)))
            for channels, count in _SKIP_ADAPTATIONS
        )
        self.decoder = nn.ModuleList(
            _decoder_stage(coarse, fine) for coarse, fine in ((512, 256), (256, 128), (128, 64))
        )
        self.head = nn.Sequential(
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 1, 3, padding=1),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1×H×W for pixels N×3×H×W of 0–255; H and W multiples of 16."""
        self.check_input(pixels)
        pixels = self.normalise(pixels)
        layer1 = self.encoder.layer1(self.encoder.stem(pixels))
        layer2 = self.encoder.layer2(layer1)
        layer3 = self.encoder.layer3(layer2)
        both = (self.encoder.layer4(layer3), self.match(self.transformer(pixels)))
        features = self.join(self.weigh(torch.cat(both, dim=1)))
        skips = [
            adapt(skip)
            for adapt, skip in zip(self.adaptations, (layer1, layer2, layer3), strict=True)
        ]
        for stage, skip in zip(self.decoder, reversed(skips), strict=True):
            features = stage(features) + skip
        logits: Tensor = self.head(features)
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``stem``, ``layer1`` to ``layer4`` and ``transformer``."""
        return self.encoder.parts() | {"transformer": self.transformer}

    def published(self) -> tuple[Pretrained, ...]:
        """Return ResNet-34's published weights, with the terms of both branches' weights."""
        terms = published(_TRANSFORMER)[0].licence
        return tuple(
            replace(weights, licence=f"{weights.licence}, and {terms}")
            for weights in super().published()
        )

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take torchvision's state dict of ResNet-34; its classifier is left out."""
        self.encoder.load_published(state)

    def take_pretrained(self, weights: Pretrained, path: Path) -> None:
        """Take ResNet-34's weights from ``path`` and DeiT-tiny's from the folder it is in.

        Both were made with the same normalisation, torchvision's for ImageNet.

        Raises:
            WeightsError: A file's weights are not its branch's, or DeiT-tiny's cannot be found.
        """
        super().take_pretrained(weights, path)
        other, path = find_pretrained(published(_TRANSFORMER), path.parent)
        try:
            self.transformer.load_published(other.read(path))
        except (KeyError, RuntimeError) as fault:
            raise WeightsError(f"{path}: not the weights of {_TRANSFORMER} ({fault})") from fault
