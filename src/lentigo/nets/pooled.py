"""Classifiers of a feature map, its mean over all places, and linear heads on that."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lentigo.nets.base import LesionNet, Task


class PooledClassifier(LesionNet):
    """A feature map, global average pooling, dropout, a linear layer.

    Beside the malignant logit it can learn logits of diagnoses (:meth:`add_diagnoses`), and it can
    tell what each place of the image says of malignancy (:meth:`explain`).

    Args:
        features: Normalised pixels N×3×H×W to a feature map N×C×h×w.
        channels: C.
        dropout: The share of pooled features set to 0 in training, 0 ≤ dropout < 1.
    """

    task: ClassVar[Task] = "classification"

    def __init__(self, features: nn.Module, channels: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, 1))
        self.diagnosis_head: nn.Sequential | None = None
        self._channels, self._dropout = channels, dropout

    def add_diagnoses(self, count: int) -> None:
        """Give the net one more logit for each of ``count`` diagnoses; 0 leaves it as it is."""
        if count:
            self.diagnosis_head = nn.Sequential(
                nn.Dropout(self._dropout), nn.Linear(self._channels, count)
            )

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1, or N×(1 + K) with K diagnoses, for pixels N×3×H×W of 0–255."""
        return self._logits(self.features(self.normalise(pixels)))

    def frozen_front(self) -> int:
        """Return how many parts are frozen from the input inwards, where it is made of them."""
        parts = list(self.encoder_parts().values())
        return self._frozen_in_a_row() if list(self.features.children()) == parts else 0

    def front(self, pixels: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Return the map behind the first ``parts``, or N×C pooled features behind all of them."""
        features = self.normalise(pixels)
        children = list(self.features.children())
        for child in children[:parts]:
            features = child(features)
        return (_pooled(features) if parts == len(children) else features,)

    def behind(self, kept: tuple[Tensor, ...], parts: int) -> Tensor:
        """Return logits as :meth:`forward` does, from what :meth:`front` returned."""
        (features,) = kept
        children = list(self.features.children())
        for child in children[parts:]:
            features = child(features)
        return self._heads(features) if parts == len(children) else self._logits(features)

    def explain(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits and the heat map N×h×w of the malignant one, from one pass.

        With A the feature map and w the linear layer's weights, the heat at a place is
        Σ over channels k of w_k · A_k: the class activation map (CAM, Zhou et al. 2016, eq. 2). It
        is the logit, less the bias, that this place alone would give; its mean over all places is
        that of the image. For a linear head on global average pooling it equals Grad-CAM before
        the ReLU (Selvaraju et al. 2017, section 3.1) times the number of places. It tells the net
        as used, without dropout.
        """
        features = self.features(self.normalise(pixels))
        weight = self.head.get_parameter("1.weight")
        heat = F.conv2d(features, weight[:, :, None, None])[:, 0]
        return self._logits(features), heat

    def _logits(self, features: Tensor) -> Tensor:
        return self._heads(_pooled(features))

    def _heads(self, pooled: Tensor) -> Tensor:
        logits: Tensor = self.head(pooled)
        if self.diagnosis_head is None:
            return logits
        return torch.cat((logits, self.diagnosis_head(pooled)), dim=1)


def _pooled(features: Tensor) -> Tensor:
    """Return the mean over all places, N×C (global average pooling)."""
    return features.mean(dim=(2, 3))
