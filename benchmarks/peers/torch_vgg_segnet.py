"""The first study's net and phases in PyTorch: ``plain`` float32, or ``lentigo``, as training is.

Either takes the same net; ``lentigo`` computes in the precision, layout and memory that
``lentigo train`` takes, from kept features of what is frozen. A turn is a step of 32 images;
``PHASE keep`` computes the features of 32.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from turns import take_turns

from lentigo.nets import LesionNet, build_net
from lentigo.training.data import Part
from lentigo.training.kept import Behind, kept_front
from lentigo.training.losses import loss_of
from lentigo.training.memory import keep_pages
from lentigo.training.phases import unfreeze
from lentigo.training.precision import choose_precision
from lentigo.training.recipe import Phase, Recipe, read_recipe

RECIPE = Path(__file__).parents[2] / "recipes" / "segmentation-study" / "01-three-phases-b2.yaml"
SIDE, BATCH = 256, 32


def part() -> Part:
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=np.uint8)
    masks = chance.integers(0, 2, (BATCH, SIDE, SIDE), dtype=np.uint8)
    return Part(images, masks, np.arange(BATCH), np.zeros(BATCH, np.float32))


class Plain:
    """What a PyTorch tutorial shows: float32, pixels in the default layout, Adam."""

    def __init__(self, recipe: Recipe, phase: Phase) -> None:
        self.net = build_net(recipe.net.name, None, **recipe.net.options)
        unfreeze(self.net, phase)
        self.net.train()
        self.loss = loss_of(phase.loss.name, phase.loss.options, None)
        trained = [p for p in self.net.parameters() if p.requires_grad]
        self.optimiser = torch.optim.Adam(trained, lr=phase.learning_rate)
        self.images = part()

    def step(self) -> None:
        pixels, target = self.images.take(np.arange(BATCH))
        loss = self.loss(self.net(pixels), target).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


class Lentigo(Plain):
    """As ``lentigo train`` has it."""

    def __init__(self, recipe: Recipe, phase: Phase, folder: Path) -> None:
        super().__init__(recipe, phase)
        keep_pages()
        self.net.to(memory_format=torch.channels_last)
        trained = [p for p in self.net.parameters() if p.requires_grad]
        self.optimiser = torch.optim.Adam(trained, lr=phase.learning_rate, fused=True)
        self.narrow = choose_precision(recipe.precision, self.net) == "bf16"
        started = time.perf_counter()
        self.kept = kept_front(
            self.net, recipe, phase, self.images, self.images, folder, self.arithmetic
        )
        front = self.kept.__enter__()
        self.keeping_s = (time.perf_counter() - started) / 2  # once for each of both parts
        assert front
        self.front, self.model = front, Behind(self.net, front.parts)

    def arithmetic(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.narrow)

    def step(self) -> None:
        features, target = self.front.train.take(np.arange(BATCH))
        with self.arithmetic():
            logits = self.model(*features)
        loss = self.loss(logits.float(), target).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


def flops(net: LesionNet, inputs: tuple[Tensor, ...], model: torch.nn.Module) -> float:
    """Return the arithmetic of a step: forward, and backward where something trains."""
    with FlopCounterMode(display=False) as counter:
        model(*inputs).sum().backward()
    net.zero_grad(set_to_none=True)
    return float(counter.get_total_flops())


def main(way: str) -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    recipe = read_recipe(RECIPE)
    now: dict[str, Plain] = {}
    folder = tempfile.TemporaryDirectory()

    def trainer(phase: Phase) -> Plain:
        if phase.name not in now:
            now.clear()
            plain = way == "plain"
            kept = Path(folder.name) / phase.name
            now[phase.name] = Plain(recipe, phase) if plain else Lentigo(recipe, phase, kept)
            now[phase.name].step()  # memory is fetched, kernels are made
        return now[phase.name]

    def step(phase: Phase) -> dict[str, float]:
        taught = trainer(phase)
        started = time.perf_counter()
        taught.step()
        measured = {"seconds": time.perf_counter() - started}
        if isinstance(taught, Lentigo):
            features, _ = taught.front.train.take(np.arange(2))
            with taught.arithmetic():
                count = flops(taught.net, features, taught.model) * BATCH / 2
            measured |= {"keeping_s": taught.keeping_s, "flops": count}
        return measured

    take_turns({phase.name: lambda phase=phase: step(phase) for phase in recipe.phases})


if __name__ == "__main__":
    main(sys.argv[1])
