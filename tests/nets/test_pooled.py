"""Diagnoses and heat maps of nets that pool a feature map."""

import pytest
import torch
from tiny_training import SIZE_PX
from torch import Tensor

from lentigo.errors import RecipeError
from lentigo.nets import PooledClassifier, build_net
from lentigo.nets.channels import RGB_AND_MASK, TWO_PICTURES, for_channels


@pytest.fixture(params=["tiny-classifier", "mobilenetv2"])
def net(request: pytest.FixtureRequest) -> PooledClassifier:
    torch.manual_seed(0)
    built = build_net(request.param)
    assert isinstance(built, PooledClassifier)
    return built.eval()


def pixels() -> Tensor:
    return torch.rand(3, 3, *SIZE_PX, generator=torch.Generator().manual_seed(1)) * 255


def grad_cam(net: PooledClassifier, images: Tensor) -> Tensor:
    """Selvaraju et al. 2017, eq. 1 and 2 before the ReLU, by automatic differentiation."""
    maps = net.features(net.normalise(images)).detach().requires_grad_()
    net._logits(maps)[:, 0].sum().backward()
    assert maps.grad is not None
    alpha = maps.grad.sum(dim=(2, 3), keepdim=True)  # eq. 1, times the number of places
    return (alpha * maps).sum(dim=1).detach()


def test_heat_is_grad_cam(net: PooledClassifier) -> None:
    heat = net.explain(pixels())[1].detach()
    torch.testing.assert_close(heat, grad_cam(net, pixels()), rtol=1e-4, atol=1e-6)


@torch.no_grad()
def test_the_mean_heat_is_the_logit_without_its_bias(net: PooledClassifier) -> None:
    logits, heat = net.explain(pixels())
    bias = net.head.get_parameter("1.bias")
    torch.testing.assert_close(heat.mean(dim=(1, 2)) + bias, logits[:, 0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits, net(pixels()))


@torch.no_grad()
def test_diagnoses_come_after_a_malignant_logit_that_stays_the_same(net: PooledClassifier) -> None:
    before, heat = net.explain(pixels())
    net.add_diagnoses(0)
    assert net(pixels()).shape == (3, 1)
    net.add_diagnoses(7)
    logits, same = net.eval().explain(pixels())
    assert logits.shape == (3, 8)
    torch.testing.assert_close(logits[:, :1], before)
    torch.testing.assert_close(same, heat)


def test_a_net_without_a_pooled_map_says_so() -> None:
    segmenter = build_net("tiny-segmenter").eval()
    segmenter.add_diagnoses(0)
    with pytest.raises(RecipeError, match="diagnoses_weight: TinySegmenter cannot learn"):
        segmenter.add_diagnoses(7)
    assert segmenter.explain(pixels())[1] is None


@torch.no_grad()
def test_a_mask_beside_the_picture_changes_nothing_of_what_is_told() -> None:
    torch.manual_seed(0)
    net = build_net("tiny-classifier").eval()
    logits, heat = net.explain(pixels())
    with_mask = for_channels(net, RGB_AND_MASK)
    with_mask.add_diagnoses(7)
    seen = torch.cat((pixels(), pixels()[:, :1]), dim=1)
    told, where = with_mask.eval().explain(seen)
    torch.testing.assert_close(told[:, :1], logits)  # the mask's weights start at 0
    torch.testing.assert_close(where, heat)


def test_two_pictures_have_no_one_map() -> None:
    net = for_channels(build_net("tiny-classifier"), TWO_PICTURES).eval()
    assert net.explain(torch.cat((pixels(), pixels()), dim=1))[1] is None
    with pytest.raises(RecipeError, match=r"no frame\+crop"):
        net.add_diagnoses(7)
