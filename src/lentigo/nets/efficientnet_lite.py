"""EfficientNet-Lite with one logit: benign or malignant."""

import functools
from typing import Any, ClassVar, Final

import timm
from torch import Tensor, nn

from lentigo.nets.base import NETS
from lentigo.nets.pooled import PooledClassifier
from lentigo.nets.timm_classifier import stages_of
from lentigo.nets.weights import Pretrained, published

SIZES: Final = (0, 1, 2)


class EfficientNetLite(PooledClassifier):
    """EfficientNet-Lite (Tan & Le 2019, without squeeze-and-excitation), pooled, one linear layer.

    The encoder's parts are ``stem`` and ``stage1`` to ``stage7``, as timm groups its blocks; the
    last 1×1 convolution belongs to ``stage7``.

    Args:
        size: Which of the family, of ``SIZES``: each is deeper than the one before, 2 wider too.
        dropout: The share of pooled features set to 0 in training, 0 ≤ dropout < 1.
    """

    stride_px: ClassVar[int] = 1

    def __init__(self, size: int, dropout: float = 0.3) -> None:
        self._encoder_name = f"tf_efficientnet_lite{size}"
        encoder: Any = timm.create_model(self._encoder_name, num_classes=0, global_pool="")
        super().__init__(encoder, encoder.num_features, dropout)

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``stem`` and ``stage1`` to ``stage7``."""
        return stages_of(self.features)

    def published(self) -> tuple[Pretrained, ...]:
        """Return the weights that timm publishes for the encoder."""
        return published(self._encoder_name)

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take timm's state dict; its classifier is left out."""
        self.features.load_state_dict({name: state[name] for name in self.features.state_dict()})


for _size in SIZES:
    NETS.register(f"efficientnet-lite{_size}")(functools.partial(EfficientNetLite, _size))
