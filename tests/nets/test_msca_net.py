import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet34

from lentigo.nets import MscaNet
from lentigo.nets.cost import net_cost
from lentigo.nets.msca_net import GlobalAttention, LocalAttention, MultiScaleBridge, ScaleFusion


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_it_has_the_papers_number_of_weights() -> None:
    # Table of the paper, as in the authors' repository: 27.09 million.
    assert net_cost(MscaNet(), (224, 320)).parameters / 1e6 == pytest.approx(27.09, abs=0.01)


def test_the_bridge_brings_what_one_scale_sees_to_the_others() -> None:
    bridge = MultiScaleBridge((8, 16), channels=4)
    fine, coarse = random(1, 8, 6, 4), random(1, 16, 3, 2)
    changed = coarse.clone()
    changed[..., 2, 1] += 1
    before, after = bridge([fine, coarse])[0], bridge([fine, changed])[0]
    assert (before != after).any(dim=1).all()  # at every position


def test_the_bridge_shares_out_each_position_among_those_of_the_other_scale() -> None:
    bridge = MultiScaleBridge((1, 1), channels=1)
    with torch.no_grad():
        for value in bridge.value:
            value.weight.zero_()
            value.bias.fill_(1)
        for join in bridge.join:
            join.weight.copy_(torch.tensor([0.0, 1]).view(1, 2, 1, 1))  # what was sent alone
            join.bias.zero_()
    fine, coarse = bridge([random(1, 1, 6, 4), random(1, 1, 3, 2)])
    assert fine.sum().item() == pytest.approx(3 * 2, rel=1e-5)
    assert coarse.sum().item() == pytest.approx(6 * 4, rel=1e-5)


def test_global_attention_lets_the_corners_see_each_other() -> None:
    attention = GlobalAttention(16).eval()
    features = random(1, 16, 8, 8)
    changed = features.clone()
    changed[..., 0, 0] += 1
    with torch.no_grad():
        assert (attention(features) != attention(changed))[..., 7, 7].any()
        attention.spatial_weight.zero_()
        attention.channel_weight.zero_()
        assert torch.equal(attention(features), 2 * features)  # without it, each is alone


def test_local_gates_lie_in_0_to_1_and_close() -> None:
    attention = LocalAttention(16)
    features = random(2, 16, 8, 8) * 10
    for gate in (attention.channel_gate(features), attention.spatial_gate(features)):
        assert ((gate > 0) & (gate < 1)).all()
        assert gate.std() > 0
    with torch.no_grad():
        attention.window.bias.fill_(-1e4)
        assert not attention(features).any()


def test_fusion_weighs_two_scales_against_each_other() -> None:
    fusion = ScaleFusion(8)
    coarse, fine = random(2, 8, 4, 4, seed=1), random(2, 8, 4, 4, seed=2)
    weights = fusion.weights(coarse, fine)
    assert (weights >= 0).all()
    assert torch.allclose(weights.sum(1), torch.ones(2, 4, 4))
    with torch.no_grad():
        fusion.weigh[-1].bias.copy_(torch.tensor([1e4, -1e4]))
        assert torch.equal(fusion(coarse, fine), coarse)


def test_the_one_loss_reaches_every_scale_past_the_finer_stages() -> None:
    net = MscaNet().train()
    net(torch.rand(2, 3, 64, 64) * 255).square().mean().backward()
    assert all(scale.weight.grad.abs().sum() > 0 for scale in net.scales)

    for fusion in net.fusions:  # let the coarsest scale through alone
        nn.init.constant_(fusion.weigh[-1].weight, 0)
        with torch.no_grad():
            fusion.weigh[-1].bias.copy_(torch.tensor([1e4, -1e4]))
    net.zero_grad()
    net(torch.rand(2, 3, 64, 64) * 255).square().mean().backward()
    assert net.scales[0].weight.grad.abs().sum() > 0
    assert not any(p.grad.any() for stage in net.decoder[1:] for p in stage.parameters())


def test_the_encoder_is_torchvisions() -> None:
    whole = resnet34(weights=None).eval()
    net = MscaNet().eval()
    net.load_encoder(whole.state_dict())
    features = image = random(1, 3, 64, 64)
    expected = whole.maxpool(whole.relu(whole.bn1(whole.conv1(image))))
    for layer in (whole.layer1, whole.layer2, whole.layer3, whole.layer4):
        expected = layer(expected)
    for name, part in net.encoder_parts().items():
        features = part(features)
        if name == "stem":
            features = whole.maxpool(features)
    assert torch.equal(features, expected)
