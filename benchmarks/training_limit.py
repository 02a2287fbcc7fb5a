"""The limit of a training step: its arithmetic at the rate of a large matrix product."""

import time
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from lentigo.nets import build_net
from lentigo.training.front import Behind
from lentigo.training.kept import views_of
from lentigo.training.phases import unfreeze
from lentigo.training.precision import Precision, choose_precision
from lentigo.training.recipe import Phase, Recipe

_TYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def precision_of(recipe: Recipe) -> Precision:
    """Return what ``precision: auto`` means for the recipe's net on this processor."""
    with torch.device("meta"):
        net = build_net(recipe.net.name, None, **recipe.net.options)
    return choose_precision(recipe.precision, net)


def kept_parts(recipe: Recipe, phase: Phase) -> int:
    """Return how many of the encoder's parts a phase computes once and keeps."""
    with torch.device("meta"):
        net = build_net(recipe.net.name, None, **recipe.net.options)
        unfreeze(net, phase)
    return net.frozen_front() if views_of(recipe, phase) else 0


def flop_of_step(recipe: Recipe, phase: Phase, batch: int) -> int:
    """Return the arithmetic of a step on so many images: its convolutions and products.

    Forward and, of what is not frozen, backward; nothing of what is kept.
    """
    with torch.device("meta"):
        net = build_net(recipe.net.name, None, **recipe.net.options).train()
        unfreeze(net, phase)
        model = Behind(net, kept_parts(recipe, phase))
        with torch.no_grad():
            pixels = torch.empty(batch, 3, *recipe.data.size_px)
            kept = net.front(pixels, model.parts)
        with FlopCounterMode(display=False) as counter:
            model(*kept).sum().backward()
    return counter.get_total_flops()


class MatrixProduct:
    """A large matrix product that takes its turns among the ways of training.

    Args:
        side: Of both matrices.
        precision: Whose type they have.
        threads: How many it may use.
    """

    def __init__(self, side: int, precision: Precision, threads: int) -> None:
        torch.set_num_threads(threads)
        self.flop = 2 * side**3
        self.matrices = torch.rand(2, side, side).to(_TYPES[precision])

    def begin(self, phase: int) -> dict[str, Any]:
        """Multiply once, which does not count."""
        self.epoch()
        return {}

    def epoch(self) -> dict[str, Any]:
        """Multiply once."""
        began = time.perf_counter()
        torch.mm(*self.matrices)
        return {"train_s": time.perf_counter() - began}
