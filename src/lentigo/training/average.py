"""The moving average of a net's weights, which is steadier from epoch to epoch than they are."""

import copy
from typing import Any

import torch
from torch import Tensor

from lentigo.nets import LesionNet


class Average:
    """A net whose weights follow another's: w̄ ← d·w̄ + (1 − d)·w after each step.

    At step t the decay d is at most (1 + t) / (10 + t), so that the beginning is soon forgotten
    (Tan & Le 2019 follow TensorFlow's ExponentialMovingAverage, which defines it so). Batch-norm
    statistics are averaged with the weights that they belong to.

    Args:
        net: What is followed; the average starts as a copy of it.
        decay: The decay that is reached in time, in 0–1.

    Attributes:
        net: The average, in evaluation mode; no gradient reaches it.
    """

    def __init__(self, net: LesionNet, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def follow(self, net: LesionNet) -> None:
        """Take one step towards the weights of ``net``."""
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        own, new = _tensors(self.net), _tensors(net)
        torch._foreach_lerp_(own, new, share)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {"net": self.net.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned."""
        self.net.load_state_dict(state["net"])
        self.steps = state["steps"]


def _tensors(net: LesionNet) -> list[Tensor]:
    return [value for value in net.state_dict().values() if value.is_floating_point()]
