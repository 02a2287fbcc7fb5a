"""Test-time flips as a part of a net: one answer from four mirrorings of each image."""

import torch
from torch import Tensor, nn

from lentigo.nets.base import LesionNet

MIRRORINGS = ((), (-1,), (-2,), (-2, -1))
"""The axes that pixels are turned round along: none, left–right, top–bottom, both."""


class MeanOfFlips(LesionNet):
    """A net whose logits are the mean over an image's four mirrorings (test-time augmentation).

    Maps, a segmenter's logits and a heat map, are mirrored back before the mean is taken. The mean
    is of logits, as of an ensemble whose members vote in log-odds. Each image goes through the net
    four times.

    Args:
        net: The net, trained.
    """

    def __init__(self, net: LesionNet) -> None:
        super().__init__()
        self.task = net.task  # type: ignore[misc] # that of the net inside
        self.stride_px = net.stride_px  # type: ignore[misc]
        self.net = net

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits of the net's own shape for pixels N×C×H×W of 0–255."""
        return self.explain(pixels)[0]

    def explain(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the mean logits and, where the net can tell, the mean heat map."""
        logits, heat = self.net.explain(torch.cat([pixels.flip(axes) for axes in MIRRORINGS]))
        return _mean(logits), None if heat is None else _mean(heat)

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return the parts of the net inside."""
        return self.net.encoder_parts()


def _mean(mirrored: Tensor) -> Tensor:
    """Return the mean over the mirrorings; of maps, once they are mirrored back."""
    parts = mirrored.reshape(len(MIRRORINGS), -1, *mirrored.shape[1:])
    if mirrored.dim() > 2:
        back = zip(parts, MIRRORINGS, strict=True)
        parts = torch.stack([part.flip(axes) for part, axes in back])
    return parts.mean(dim=0)
