"""What a net costs: its weights, and the multiplications of one image."""

from dataclasses import dataclass

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from lentigo.errors import RecipeError
from lentigo.nets.base import NETS, LesionNet, Task, build_net


@dataclass(frozen=True)
class NetCost:
    """A net's parameters, and its multiply-adds for one image in 10⁹.

    Counted are those of convolutions, linear layers and attention, as is usual; norms,
    activations and resizing are left out.
    """

    parameters: int
    gmacs: float


@dataclass(frozen=True)
class NetRow:
    """A registered net with its default options."""

    name: str
    task: Task
    cost: NetCost


def net_cost(net: LesionNet, size_px: tuple[int, int]) -> NetCost:
    """Return what a net costs in use on an image of a height and width; the net stays as it is.

    Shapes alone are computed, so that it takes neither the time nor the memory of an image.

    Raises:
        ValueError: A side is not a multiple of the net's ``stride_px``.
    """
    training, device = net.training, net.normalise.mean.device
    try:
        with (
            FakeTensorMode(allow_non_fake_inputs=True),
            FlopCounterMode(display=False) as counter,
            torch.no_grad(),
        ):
            net.eval()(torch.zeros(1, 3, *size_px, device=device))
    finally:
        net.train(training)
    return NetCost(
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        gmacs=counter.get_total_flops() / 2 / 1e9,  # a multiply-add is two operations
    )


def list_nets(size_px: tuple[int, int]) -> list[NetRow]:
    """Return every registered net with its cost at a height and width, by task and then name.

    Raises:
        RecipeError: A side is not a multiple of what a net needs.
    """
    rows = []
    for name in NETS:
        with torch.device("meta"):  # the layers' names and shapes, without their weights
            net = build_net(name)
        if any(side % net.stride_px for side in size_px):
            raise RecipeError(
                f"size {size_px[0]}×{size_px[1]} px is not a multiple of {net.stride_px}, which "
                f"net '{name}' needs"
            )
        rows.append(NetRow(name, net.task, net_cost(net.to_empty(device="cpu"), size_px)))
    return sorted(rows, key=lambda row: (row.task, row.name))
