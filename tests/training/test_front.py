import importlib.util

import pytest
import torch
from torch import Tensor, nn

from lentigo.nets import NETS, LesionNet, build_net
from lentigo.training.front import frozen_front
from lentigo.training.precision import Precision


def frozen(name: str) -> LesionNet:
    """A net that is frozen before its last part, its batch norms moved as training moves them."""
    torch.manual_seed(0)
    net = build_net(name, None)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.2, 0.4)
    net.unfreeze(list(net.encoder_parts())[-1:])
    return net.eval()


def cut() -> list[str]:
    """The nets that can be asked apart from what trains."""
    with torch.device("meta"):
        return [name for name in NETS if frozen(name).frozen_front()]


def pixels(count: int) -> Tensor:
    return torch.rand(count, 3, 64, 96, generator=torch.Generator().manual_seed(count)) * 255


def assert_near(found: tuple[Tensor, ...], expected: tuple[Tensor, ...], share: float) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert (one.float() - other).norm() <= share * other.norm()


@pytest.mark.parametrize("name", cut())
@torch.no_grad()
def test_a_front_answers_as_its_net(name: str) -> None:
    net = frozen(name)
    parts = net.frozen_front()
    ask = frozen_front(net, parts, "fp32", pixels(1))
    for count in (1, 9):
        assert_near(ask(pixels(count)), net.front(pixels(count), parts), 1e-4)


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@torch.no_grad()
def test_openvino_and_torch_make_the_same(
    precision: Precision, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not installed:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    net = frozen("vgg-segnet")
    ask = frozen_front(net, 4, precision, pixels(1))
    answers = ask(pixels(3))
    assert {one.dtype for one in answers} == {
        {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    }
    assert_near(answers, net.front(pixels(3), 4), 1e-4 if precision == "fp32" else 0.03)
    again = ask(pixels(2))
    assert_near(answers, net.front(pixels(3), 4), 0.03)  # what was answered stays what it was
    assert len(again[0]) == 2


@torch.no_grad()
def test_a_front_stays_as_it_was_when_it_was_made() -> None:
    net = frozen("mobilenetv2")
    parts = net.frozen_front()
    ask = frozen_front(net, parts, "fp32", pixels(1))
    before = ask(pixels(2))
    for parameter in net.parameters():
        parameter.zero_()
    assert_near(ask(pixels(2)), before, 0)
