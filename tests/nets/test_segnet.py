import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lentigo.errors import RecipeError
from lentigo.nets import SegNet, build_net
from lentigo.nets.segnet import max_pool, max_unpool

seeds = st.integers(0, 2**31)
sides = st.integers(1, 5)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, channels=sides, height=sides, width=sides)
def test_unpooling_is_torchs_of_its_own_pooling(
    seed: int, channels: int, height: int, width: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    # Any order of values that are all apart by more than 2 % of the largest.
    order = torch.rand(2, channels, 4, height, width, generator=generator).argsort(dim=2)
    features = F.pixel_shuffle((order - 1.5).flatten(1, 2), 2)
    expected, indices = F.max_pool2d(features, 2, return_indices=True)
    maxima, shares = max_pool(features)
    assert torch.equal(maxima, expected)
    others = torch.randn(maxima.shape, generator=generator)  # unpooled is not what was pooled
    assert torch.equal(max_unpool(others, shares), F.max_unpool2d(others, indices, 2))


@settings(max_examples=30, deadline=None)
@given(seed=seeds, level=st.floats(-100, 100))
def test_shares_are_one_in_all_and_hardly_move_by_rounding(seed: int, level: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = level + torch.randint(0, 3, (1, 2, 8, 8), generator=generator)
    rounding = 1 + 1e-6 * torch.rand(features.shape, generator=generator)
    shares = max_pool(features)[1]
    assert torch.allclose(shares.sum(dim=2), torch.ones(1, 2, 4, 4))
    assert torch.allclose(max_pool(features * rounding)[1], shares, atol=1e-3)


def test_a_flat_window_gets_equal_shares() -> None:
    assert (max_pool(torch.zeros(1, 1, 2, 2))[1] == 0.25).all()


def test_flat_areas_have_one_outline_in_any_precision() -> None:
    torch.manual_seed(0)
    net = SegNet().train()
    net(torch.rand(2, 3, 64, 64) * 255)
    image = torch.rand(1, 3, 64, 64) * 255
    image[:, :, :24] = 0  # a letterbox's bar
    with torch.no_grad():
        single = net.eval()(image)
        double = net.double()(image.double())
    assert torch.allclose(single.double(), double, atol=1e-3)


def test_gradients_go_to_the_maxima_alone() -> None:
    features = torch.tensor([[1.0, 2.0], [4.0, 3.0]]).view(1, 1, 2, 2).requires_grad_()
    maxima, shares = max_pool(features)
    max_unpool(maxima * 5, shares).sum().backward()
    assert features.grad is not None
    assert features.grad.flatten().tolist() == [0, 0, 5, 0]


def test_decoder_mirrors_the_encoder() -> None:
    net = SegNet()
    widths = {
        part: [
            (m.in_channels, m.out_channels) for m in layers.modules() if isinstance(m, nn.Conv2d)
        ]
        for part, layers in (("encoder", net.encoder), ("decoder", net.decoder))
    }
    mirrored = [(given, taken) for taken, given in reversed(widths["encoder"])]
    assert len(mirrored) == 13
    assert mirrored == [*widths["decoder"], (64, 3)]  # the last gives the logit, not an image


def test_only_places_reach_the_decoder_from_the_encoder() -> None:
    torch.manual_seed(0)
    net = SegNet().eval()
    with torch.no_grad():
        for parameter in net.encoder["block5"].parameters():
            parameter.zero_()  # its maxima are all 0 now: there is nothing to put anywhere
        one, other = net(torch.zeros(1, 3, 64, 64)), net(torch.full((1, 3, 64, 64), 255.0))
    assert torch.equal(one, other)


def test_it_is_trained_from_scratch_alone() -> None:
    with pytest.raises(RecipeError, match="pretrained: null"):
        build_net("segnet", "imagenet")
