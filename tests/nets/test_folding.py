import torch
from torch import nn

from lentigo.nets import LesionNet, build_net
from lentigo.nets.folding import folded


def settled(name: str) -> LesionNet:
    """A net whose batch norms have statistics of their own."""
    torch.manual_seed(0)
    net = build_net(name, None)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return net.eval()


def test_folded_batch_norms_answer_as_before() -> None:
    net = settled("mobilenetv2")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    pixels = torch.rand(2, 3, 64, 96) * 255
    with torch.inference_mode():
        quick = folded(net)
        for parts in (1, 7, 19):
            (expected,), (found,) = net.front(pixels, parts), quick.front(pixels, parts)
            assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.abs().max())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick.features.modules())
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_net_without_batch_norm_in_its_front_stays_as_it_is() -> None:
    net = settled("vgg-segnet")
    pixels = torch.rand(1, 3, 32, 32) * 255
    with torch.inference_mode():
        for one, other in zip(net.front(pixels, 3), folded(net).front(pixels, 3), strict=True):
            assert torch.equal(one, other)
