import pytest
import torch
from torch import Tensor, nn

from lentigo.errors import RecipeError
from lentigo.nets import LesionNet, build_net
from lentigo.nets.cost import list_nets, net_cost


class TwoLayers(LesionNet):
    task = "classification"
    stride_px = 2

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.linear = nn.Linear(8, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        self.check_input(pixels)
        features = self.norm(self.convolution(self.normalise(pixels)))
        return self.linear(features.mean(dim=(2, 3)))

    def encoder_parts(self) -> dict[str, nn.Module]:
        return {"convolution": self.convolution}


def test_multiplications_are_those_counted_by_hand() -> None:
    cost = net_cost(TwoLayers(), (10, 20))
    assert cost.gmacs * 1e9 == pytest.approx(5 * 10 * 8 * 3 * 9 + 8)
    assert cost.parameters == 8 * 3 * 9 + 8 + 2 * 8 + 8 + 1


def test_mobilenetv2_costs_what_its_paper_says() -> None:
    """Sandler et al. 2018, Table 4: 3.4 M parameters and 300 M multiply-adds at 224 px."""
    cost = net_cost(build_net("mobilenetv2"), (224, 224))
    imagenet_head = 1280 * 1000 + 1000 - (1280 + 1)
    assert cost.parameters + imagenet_head == pytest.approx(3.4e6, rel=0.05)
    assert cost.gmacs + imagenet_head / 1e9 == pytest.approx(0.300, rel=0.02)


def test_the_net_stays_as_it_is() -> None:
    net = TwoLayers()
    net.unfreeze([])
    net.train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net_cost(net, (8, 8))
    assert net.training and not net.convolution.training and net.norm.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert type(net.linear.weight.data) is Tensor


def test_a_size_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 2"):
        net_cost(TwoLayers(), (9, 8))
    with pytest.raises(RecipeError, match="48×40 px is not a multiple"):
        list_nets((48, 40))
