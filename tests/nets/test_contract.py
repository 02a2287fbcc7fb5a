"""What every registered net must do: one test for all."""

import pytest
import torch

from lentigo.errors import RecipeError
from lentigo.nets import NETS, LesionNet, build_net
from lentigo.training.export import TOLERANCE, checked_model

NAMES = [name for name in NETS if not name.startswith("tiny")]


@pytest.fixture(params=NAMES, scope="module")
def net(request: pytest.FixtureRequest) -> LesionNet:
    torch.manual_seed(0)
    return build_net(request.param)


def pixels(size: tuple[int, int], count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(1)) * 255


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (96, 64)])
def test_logits_have_the_tasks_shape(net: LesionNet, size: tuple[int, int]) -> None:
    logits = net.eval()(pixels(size))
    assert logits.shape == ((2, 1, *size) if net.task == "segmentation" else (2, 1))
    assert torch.isfinite(logits).all()


def test_gradients_reach_every_parameter(net: LesionNet) -> None:
    net.unfreeze(["all"])
    net.train().zero_grad()
    # Random directions: a plain sum's gradient through the last batch norm is zero.
    logits = net(pixels((64, 64)))
    (
        logits * torch.randn(logits.shape, generator=torch.Generator().manual_seed(2))
    ).sum().backward()
    without = [
        name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert without == []


def test_what_is_frozen_stays_as_it_is(net: LesionNet) -> None:
    net.unfreeze([])
    net.train()
    frozen = {
        f"{part}.{name}": value.clone()
        for part, module in net.encoder_parts().items()
        for name, value in module.state_dict().items()
    }
    optimiser = torch.optim.SGD((p for p in net.parameters() if p.requires_grad), lr=0.1)
    for _ in range(2):
        net(pixels((64, 64))).square().mean().backward()
        optimiser.step()
    for part, module in net.encoder_parts().items():
        for name, value in module.state_dict().items():
            assert torch.equal(value, frozen[f"{part}.{name}"]), f"{part}.{name} moved"


def test_the_last_part_can_be_unfrozen_alone(net: LesionNet) -> None:
    *others, last = net.encoder_parts()
    net.unfreeze([last])
    parts = net.encoder_parts()
    assert all(p.requires_grad for p in parts[last].parameters())
    assert not any(p.requires_grad for name in others for p in parts[name].parameters())


def test_unknown_parts_are_refused_by_name(net: LesionNet) -> None:
    with pytest.raises(RecipeError, match="layer160"):
        net.unfreeze(["layer160"])


def test_onnx_agrees_with_torch(net: LesionNet) -> None:
    model = checked_model(net.eval(), (64, 96))  # raises where they differ by more than TOLERANCE
    assert len(model) < 4 * sum(p.numel() for p in net.parameters())
    assert TOLERANCE <= 1e-3
