"""SegNet: what the encoder's pooling chose is where the decoder puts it back."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.nets.base import NETS, LesionNet, Task

_BLOCK_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_WINDOW = 2
_NEAR = 0.02  # of the maximum: values from here below it share its place,
_NEAR_AT_LEAST = 0.005  # and so do these; features behind a batch norm are about 1


def max_pool(features: Tensor) -> tuple[Tensor, Tensor]:
    """Pool 2×2 windows by their maximum and tell where it stood.

    The maximum's place has a share of 1 and the others 0, unless values come near the maximum:
    then they share it, the more the nearer, and all equally if they are equal. With indices, the
    paper's and torch's way, one of two values that are equal but for rounding gets all, and which
    one depends on an engine's order of addition; in flat areas, such as a letterbox's bars, so
    does the outline.

    Args:
        features: N×C×2H×2W.

    Returns:
        The maxima, N×C×H×W, and the shares of the places in their window, N×C×4×H×W of 0–1, in
        reading order, which sum to 1 and let no gradient through.
    """
    windows = F.pixel_unshuffle(features, _WINDOW)
    windows = torch.unflatten(windows, 1, (features.shape[1], _WINDOW**2))
    maxima = windows.amax(dim=2)
    with torch.no_grad():
        top = maxima.unsqueeze(2)
        near = (_NEAR * top.abs()).clamp(min=_NEAR_AT_LEAST)
        shares = (1 - (top - windows) / near).clamp(min=0)
        shares = shares / shares.sum(dim=2, keepdim=True)
    return maxima, shares


def max_unpool(features: Tensor, shares: Tensor) -> Tensor:
    """Put each value where its window's maximum stood; elsewhere is 0.

    Where no two values were near each other, it is ``torch.nn.functional.max_unpool2d``.

    Args:
        features: N×C×H×W.
        shares: N×C×4×H×W, as :func:`max_pool` gives them.

    Returns:
        N×C×2H×2W.
    """
    return F.pixel_shuffle((features.unsqueeze(2) * shares).flatten(1, 2), _WINDOW)


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
    many channels as its encoder block takes. Nothing else of the encoder reaches the
    decoder. The mirror of the very first convolution makes the logit. It departs from the paper
    where values of a window are all but equal: see :func:`max_pool`.
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
            features, shares = max_pool(block(features))
            chosen.append(shares)
        for block, shares in zip(self.decoder, reversed(chosen), strict=True):
            features = block(max_unpool(features, shares))
        logits: Tensor = self.head(features)
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``block1`` to ``block5``."""
        return dict(self.encoder.items())
