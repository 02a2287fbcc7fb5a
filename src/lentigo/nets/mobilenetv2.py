"""MobileNetV2 with one logit: benign or malignant."""

from typing import ClassVar

from torch import Tensor, nn
from torchvision.models import mobilenet_v2
from torchvision.models.mobilenetv2 import InvertedResidual

from lentigo.nets.base import NETS
from lentigo.nets.pooled import PooledClassifier


@NETS.register("mobilenetv2")
class MobileNetV2(PooledClassifier):
    """The second study's net: MobileNetV2 (Sandler et al. 2018), global average pooling, dropout.

    The encoder's parts are ``block0`` (the first convolution), ``block1`` to ``block17`` (the
    inverted residuals) and ``block18`` (the last 1×1 convolution), each with its batch norm.

    Args:
        dropout: The share of pooled features set to 0 in training, 0 ≤ dropout < 1.
    """

    stride_px: ClassVar[int] = 1
    pretrained_name: ClassVar[str] = "mobilenet_v2"

    def __init__(self, dropout: float = 0.3) -> None:
        whole = mobilenet_v2(weights=None)
        super().__init__(whole.features, whole.last_channel, dropout)

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``block0`` to ``block18``."""
        return {f"block{i}": block for i, block in enumerate(self.features.children())}

    def keras_layers(self) -> dict[str, int]:
        """Return Keras's counts (``keras.applications.MobileNetV2``), 154 without its top."""
        counts = {name: _keras_layers(block) for name, block in self.encoder_parts().items()}
        return counts | {"block0": counts["block0"] + 1}  # the input

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take torchvision's state dict; its classifier is left out."""
        self.features.load_state_dict(
            {
                name.removeprefix("features."): value
                for name, value in state.items()
                if name.startswith("features.")
            }
        )


def _keras_layers(block: nn.Module) -> int:
    counted = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU6)
    layers = sum(isinstance(module, counted) for module in block.modules())
    if isinstance(block, InvertedResidual):  # there padding and addition are layers too
        layers += (block.stride == 2) + block.use_res_connect
    return layers
