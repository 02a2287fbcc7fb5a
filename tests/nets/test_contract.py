"""What every registered net must do: one test for all."""

import pytest
import torch
from torch import Tensor, nn

from lentigo.errors import RecipeError
from lentigo.imaging.view import View
from lentigo.nets import NETS, LesionNet, SmpNet, TimmClassifier, build_net
from lentigo.training.export import TOLERANCE, checked_model

NAMES = [name for name in NETS if not name.startswith("tiny")]


@pytest.fixture(params=NAMES, scope="module")
def net(request: pytest.FixtureRequest) -> LesionNet:
    torch.manual_seed(0)
    return build_net(request.param)


def pixels(size: tuple[int, int], count: int = 2) -> Tensor:
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(1)) * 255


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (96, 64)])
def test_logits_have_the_tasks_shape(net: LesionNet, size: tuple[int, int]) -> None:
    with torch.no_grad():
        logits = net.eval()(pixels(size))
    assert logits.shape == ((2, 1, *size) if net.task == "segmentation" else (2, 1))
    assert torch.isfinite(logits).all()


def test_a_side_that_does_not_fit_is_told_what_would(net: LesionNet) -> None:
    if net.stride_px > 1:
        with pytest.raises(ValueError, match=f"multiple of {net.stride_px}"):
            net.eval()(pixels((net.stride_px, net.stride_px + 1)))


def test_gradients_reach_every_parameter(net: LesionNet) -> None:
    net.unfreeze(["all"])
    net.train().zero_grad()
    # Random directions: a plain sum's gradient through the last batch norm is zero.
    logits = net(pixels((64, 64)))
    directions = torch.randn(logits.shape, generator=torch.Generator().manual_seed(2))
    (logits * directions).sum().backward()
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
    behind = [(p, p.detach().clone()) for p in net.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD((p for p, _ in behind), lr=1e-3)
    for _ in range(2):
        net(pixels((64, 64))).square().mean().backward()
        optimiser.step()
    for part, module in net.encoder_parts().items():
        for name, value in module.state_dict().items():
            assert torch.equal(value, frozen[f"{part}.{name}"]), f"{part}.{name} moved"
    assert any(not torch.equal(p, before) for p, before in behind)


def test_nothing_of_a_frozen_encoder_is_kept_for_the_way_back(net: LesionNet) -> None:
    net.unfreeze([])
    kept = []
    for part in net.encoder_parts().values():
        for module in part.modules():
            module.register_forward_hook(lambda _m, _x, made: kept.append(made))
    net.train()(pixels((64, 64)))
    assert kept
    assert not any(made.requires_grad for made in kept if isinstance(made, Tensor))


def test_the_last_part_can_be_unfrozen_alone(net: LesionNet) -> None:
    *others, last = net.encoder_parts()
    net.unfreeze([last])
    parts = net.encoder_parts()
    assert all(p.requires_grad for p in parts[last].parameters())
    assert not any(p.requires_grad for name in others for p in parts[name].parameters())


def test_unknown_parts_are_refused_by_name(net: LesionNet) -> None:
    with pytest.raises(RecipeError, match="layer160"):
        net.unfreeze(["layer160"])


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_built_without_its_weights(name: str) -> None:
    with torch.device("meta"):  # as recipes are checked before any work
        net = build_net(name)
    assert all(p.is_meta for p in net.parameters())


def with_lively_features(net: LesionNet) -> LesionNet:
    """Set the batch norms to the image's statistics, so that a new net's logits are not all one."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # an average of what it has seen
    net.train()(pixels((64, 96), count=4))
    return net.eval()


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_onnx_agrees_with_torch(name: str) -> None:
    torch.manual_seed(0)
    net = build_net(name)
    if isinstance(net, SmpNet | TimmClassifier):  # export takes long by the layer
        net = build_net(name, encoder="test_efficientnet")
    with_lively_features(net)
    assert net(pixels((64, 96))).std() > 0.01
    model = checked_model(net, View((64, 96)))  # raises where they differ by more than TOLERANCE
    weights = 4 * sum(p.numel() for p in net.parameters())
    assert len(model) < weights + 1_000_000  # each once, and the graph
    assert TOLERANCE <= 1e-3


def test_a_net_cut_behind_its_frozen_front_answers_the_same(net: LesionNet) -> None:
    parts = list(net.encoder_parts())
    net.eval()
    for trained in range(len(parts) + 1):
        net.unfreeze(parts[trained:])
        front = net.frozen_front()
        assert front in (0, trained)
        if front:
            with torch.no_grad():
                whole = net(pixels((64, 64)))
                cut = net.behind(net.front(pixels((64, 64)), front), front)
            torch.testing.assert_close(cut, whole)
    net.unfreeze([parts[0]])  # what is frozen behind a part that trains is no front
    assert net.frozen_front() == 0
