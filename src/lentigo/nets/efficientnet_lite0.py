"""EfficientNet-Lite0 with one logit: benign or malignant."""

from typing import Any, ClassVar

import timm
from torch import Tensor, nn

from lentigo.nets.base import NETS
from lentigo.nets.pooled import PooledClassifier
from lentigo.nets.timm_classifier import stages_of

_ENCODER = "tf_efficientnet_lite0"


@NETS.register("efficientnet-lite0")
class EfficientNetLite0(PooledClassifier):
    """EfficientNet-Lite0 (Tan & Le 2019, without squeeze-and-excitation), pooled, one linear layer.

    The encoder's parts are ``stem`` and ``stage1`` to ``stage7``, as timm groups its blocks; the
    last 1×1 convolution belongs to ``stage7``.

    Args:
        dropout: The share of pooled features set to 0 in training, 0 ≤ dropout < 1.
    """

    stride_px: ClassVar[int] = 1
    pretrained_name: ClassVar[str] = _ENCODER

    def __init__(self, dropout: float = 0.3) -> None:
        encoder: Any = timm.create_model(_ENCODER, num_classes=0, global_pool="")
        super().__init__(encoder, encoder.num_features, dropout)

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``stem`` and ``stage1`` to ``stage7``."""
        return stages_of(self.features)

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take timm's state dict; its classifier is left out."""
        self.features.load_state_dict({name: state[name] for name in self.features.state_dict()})
