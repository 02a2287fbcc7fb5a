"""SegNet: what the encoder's pooling chose is where the decoder puts it back."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.nets.base import NETS, LesionNet, Task

_BLOCK_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_WINDOW = 2


def max_pool(features: Tensor) -> tuple[Tensor, Tensor]:
    """Pool 2×2 windows by their maximum and tell where it stood.

    Args:
        features: N×C×2H×2W.

    Returns:
        The maxima, N×C×H×W, and the place of each in its window, int64 0–3 in reading order;
        the first of equal ones.
    """
    windows = torch.unflatten(
        F.pixel_unshuffle(features, _WINDOW), 1, (features.shape[1], _WINDOW**2)
    )
    maxima, places = windows.max(dim=2)
    return maxima, places


def max_unpool(features: Tensor, places: Tensor) -> Tensor:
    """Put each value at its place in a 2×2 window that is 0 elsewhere.

    Equal to ``torch.nn.functional.max_unpool2d``, of operations that ONNX knows.

    Args:
        features: N×C×H×W.
        places: Of the same shape, as :func:`max_pool` gives them.

    Returns:
        N×C×2H×2W.
    """
    window = torch.arange(_WINDOW**2, device=places.device).view(1, 1, -1, 1, 1)
    windows = features.unsqueeze(2) * (places.unsqueeze(2) == window)
    return F.pixel_shuffle(windows.flatten(1, 2), _WINDOW)


def _convolutions(channels: int, widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [
            nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        channels = width
    return nn.Sequential(*layers)


@NETS.register("segnet")
class SegNet(LesionNet):
    """SegNet (Badrinarayanan, Kendall & Cipolla 2017), trained from scratch.

    The encoder has VGG16's thirteen 3×3 convolutions in five blocks, each with batch norm and
    ReLU, and a 2×2 max-pooling behind each block. The decoder mirrors it: each block first puts
    its features back where the encoder's maxima stood, then convolves as often, and ends in as
    many channels as the encoder block before takes. Nothing else of the encoder reaches the
    decoder. The mirror of the very first convolution makes the logit.
    """

    task: ClassVar[Task] = "segmentation"

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *(widths[-1] for widths in _BLOCK_WIDTHS))
        self.encoder = nn.ModuleDict(
            {
                f"block{i + 1}": _convolutions(inputs[i], widths)
                for i, widths in enumerate(_BLOCK_WIDTHS)
            }
        )
        self.decoder = nn.ModuleList(
            _convolutions(widths[-1], (*widths[1:], inputs[i]) if i else widths[1:])
            for i, widths in reversed(tuple(enumerate(_BLOCK_WIDTHS)))
        )
        self.head = nn.Conv2d(_BLOCK_WIDTHS[0][0], 1, kernel_size=3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # He et al. 2015, as the paper initialises
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1×H×W for pixels N×3×H×W of 0–255; H and W multiples of 32."""
        self.check_input(pixels)
        features, chosen = self.normalise(pixels), []
        for block in self.encoder.values():
            features, places = max_pool(block(features))
            chosen.append(places)
        for block, places in zip(self.decoder, reversed(chosen), strict=True):
            features = block(max_unpool(features, places))
        logits: Tensor = self.head(features)
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``block1`` to ``block5``."""
        return dict(self.encoder.items())
