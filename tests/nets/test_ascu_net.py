import pytest
import torch
from torch import Tensor

from lentigo.errors import RecipeError
from lentigo.nets import AscuNet, build_net
from lentigo.nets.ascu_net import (
    AttentionGate,
    ChannelAttention,
    SpatialAttention,
    TripleAttentionStage,
)
from lentigo.nets.cost import net_cost


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_the_three_attentions_add_little_to_a_u_net() -> None:
    u_net = 31.04e6  # Ronneberger's filters, padded, with batch norm
    attentions = net_cost(AscuNet(), (224, 224)).parameters - u_net
    assert 0 < attentions < 0.04 * u_net


def test_gate_coefficients_are_equation_1_and_2() -> None:
    gate = AttentionGate(4, 8)
    skip, gating = random(1, 4, 2, 2, seed=1), random(1, 8, 1, 1, seed=2)
    joint = torch.relu(
        (gate.from_skip.weight * skip).sum((1, 2, 3))
        + gate.from_gating.weight[..., 0, 0] @ gating.flatten()
        + gate.from_gating.bias
    )
    alpha = torch.sigmoid(gate.score.weight.flatten() @ joint + gate.score.bias)
    assert torch.allclose(gate.coefficients(skip, gating), alpha.expand(1, 1, 2, 2))


def test_attentions_lie_in_0_to_1_and_follow_their_input() -> None:
    skip, gating = random(2, 32, 16, 16, seed=1), random(2, 64, 8, 8, seed=2)
    maps = {
        "gate": AttentionGate(32, 64).coefficients(skip, gating),
        "spatial": SpatialAttention().gate(skip),
        "channel": ChannelAttention(32).gate(skip),
    }
    assert [tuple(m.shape) for m in maps.values()] == [
        (2, 1, 16, 16),
        (2, 1, 16, 16),
        (2, 32, 1, 1),
    ]
    for name, attention in maps.items():
        assert ((attention > 0) & (attention < 1)).all(), name
        assert attention.std() > 0, name


def test_a_closed_gate_removes_the_skip() -> None:
    stage = TripleAttentionStage(64, 32).eval()
    features = random(1, 64, 4, 4)
    one, other = random(1, 32, 8, 8, seed=1), random(1, 32, 8, 8, seed=2)
    with torch.no_grad():
        assert not torch.equal(stage(features, one), stage(features, other))
        stage.gate.score.bias.fill_(-1e4)
        assert torch.equal(stage(features, one), stage(features, other))


def test_the_gate_asks_the_coarser_features() -> None:
    gate = AttentionGate(32, 64)
    skip = random(1, 32, 8, 8)
    one, other = random(1, 64, 4, 4, seed=1), random(1, 64, 4, 4, seed=2)
    assert not torch.equal(gate(skip, one), gate(skip, other))


@pytest.mark.parametrize("name", ["spatial", "channel"])
def test_closed_attention_silences_the_stage(name: str) -> None:
    stage = TripleAttentionStage(64, 32).eval()
    with torch.no_grad():
        closing = stage.spatial.window if name == "spatial" else stage.channel.perceptron[-1]
        closing.bias.fill_(-1e4)
        if name == "channel":
            closing.bias[1:] = 0  # the first channel alone
        decoded = stage(random(1, 64, 4, 4), random(1, 32, 8, 8, seed=1))
    assert not decoded[:, :1].any()
    assert decoded[:, 1:].any() == (name == "channel")


def test_channel_attention_looks_at_no_place() -> None:
    attention = ChannelAttention(32)
    features = random(1, 32, 8, 8)
    assert torch.allclose(attention.gate(features), attention.gate(features.flip(2).mT), atol=1e-6)


def test_published_weights_are_refused_since_there_are_none() -> None:
    with pytest.raises(RecipeError, match="pretrained: null"):
        build_net("ascu-net", "imagenet")
