"""A plain convolutional net with one logit: benign or malignant."""

from typing import ClassVar

from torch import Tensor, nn

from lentigo.nets.base import NETS, LesionNet, Task

_FILTERS = (32, 64, 128, 256)


@NETS.register("plain-cnn")
class PlainCnn(LesionNet):
    """What a classifier was before transfer learning: no skips, no published weights.

    The encoder's parts are ``block1`` to ``block4``: a 3×3 convolution of 32, 64, 128 and 256
    filters, batch norm (Ioffe & Szegedy 2015), ReLU, and a max-pooling that halves the size. Global
    average pooling, dropout and one linear layer follow.

    Args:
        dropout: The share of pooled features set to 0 in training, 0 ≤ dropout < 1.
    """

    task: ClassVar[Task] = "classification"
    stride_px: ClassVar[int] = 1  # what is pooled may have any size from 16 px on

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        inputs = (3, *_FILTERS)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, filters, 3, padding=1, bias=False),
                nn.BatchNorm2d(filters),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            )
            for before, filters in zip(inputs, _FILTERS, strict=False)
        )
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(_FILTERS[-1], 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1 for pixels N×3×H×W of 0–255."""
        features = self.normalise(pixels)
        for block in self.blocks:
            features = block(features)
        logits: Tensor = self.head(features.mean(dim=(2, 3)))  # global average pooling
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``block1`` to ``block4``."""
        return {f"block{i}": block for i, block in enumerate(self.blocks, start=1)}
