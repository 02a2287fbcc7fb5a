import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from lentigo.errors import BundleError, RecipeError
from lentigo.imaging.region import Region
from lentigo.imaging.view import View
from lentigo.nets import LesionNet, build_net
from lentigo.nets.channels import first_convolution, for_channels
from lentigo.nets.flips import MeanOfFlips
from lentigo.nets.timm_classifier import TimmClassifier
from lentigo.training.export import checked_model

SMALL = "test_efficientnet"  # export takes long by the layer


def pixels(channels: int) -> torch.Tensor:
    return torch.rand(3, channels, 32, 48, generator=torch.Generator().manual_seed(0)) * 255


def lively(net: LesionNet) -> LesionNet:
    """Set the batch norms to the pictures' statistics, so that a new net's logits differ."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # an average of what it has seen
    net.train()(pixels(3))
    return net.eval()


def test_three_channels_leave_a_net_as_it_is() -> None:
    net = build_net("mobilenetv2")
    assert for_channels(net, 3) is net


def test_a_mask_means_nothing_at_first_and_can_be_learned() -> None:
    torch.manual_seed(0)
    plain = build_net("mobilenetv2").eval()
    before = plain(pixels(4)[:, :3])
    net = for_channels(plain, 4)
    masked = pixels(4)
    torch.testing.assert_close(net(masked), before)
    masked[:, 3] = 255 - masked[:, 3]
    torch.testing.assert_close(net(masked), before)
    net(masked).sum().backward()
    gradient = first_convolution(net).weight.grad
    assert gradient is not None
    assert gradient[:, 3].abs().max() > 0


def test_a_nets_weights_come_back_into_a_net_for_as_many_channels() -> None:
    torch.manual_seed(0)
    for channels in (4, 6):
        net = for_channels(build_net("mobilenetv2"), channels).eval()
        again = for_channels(build_net("mobilenetv2"), channels).eval()
        again.load_state_dict(net.state_dict())
        assert torch.equal(net(pixels(channels)), again(pixels(channels)))


def test_two_pictures_go_through_one_encoder_and_each_counts_by_its_own_half() -> None:
    torch.manual_seed(0)
    plain = lively(build_net("mobilenetv2", dropout=0.0))
    both = pixels(6)
    alone = [plain(picture) for picture in both.chunk(2, dim=1)]
    assert (alone[0] - alone[1]).abs().max() > 0.01
    parameters = sum(weight.numel() for weight in plain.parameters())
    head = sum(weight.numel() for weight in plain.head.parameters())
    net = for_channels(plain, 6).eval()
    assert sum(weight.numel() for weight in net.parameters()) == parameters + head
    torch.testing.assert_close(net(both), alone[0] + alone[1])
    with torch.no_grad():
        for parameter in net.heads[1].parameters():
            parameter.zero_()
    torch.testing.assert_close(net(both), alone[0])


def test_the_encoder_freezes_as_before_and_both_heads_train() -> None:
    net = for_channels(build_net("mobilenetv2"), 6)
    net.unfreeze([])
    trained = {name for name, weight in net.named_parameters() if weight.requires_grad}
    assert trained == {f"heads.{i}.1.{kind}" for i in (0, 1) for kind in ("weight", "bias")}
    net.unfreeze(["block18"])
    assert any(weight.requires_grad for weight in net.features.parameters())
    assert net.published()


def test_a_net_without_a_head_is_refused() -> None:
    net = build_net("mobilenetv2")
    del net.head
    with pytest.raises(RecipeError, match=r"frame\+crop"):
        for_channels(net, 6)


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("region", [None, Region(kind="crop+mask"), Region(kind="frame+crop")])
def test_an_exported_net_takes_any_number_of_images(region: Region | None, flips: bool) -> None:
    view = View((32, 48), region)
    net = for_channels(build_net("timm", encoder=SMALL), view.channels)
    model = checked_model((MeanOfFlips(net) if flips else net).eval(), view)
    session = onnxruntime.InferenceSession(model)
    for count in (1, 3):
        pixels = np.zeros((count, 32, 48, view.channels), np.uint8)
        (probability,) = session.run(["probability"], {"image": pixels})
        assert probability.shape == (count,)


class Halved(TimmClassifier):
    """Its forward fixes the number of images."""

    def explain(self, pixels: Tensor) -> tuple[Tensor, None]:
        first, second = self(pixels).chunk(2)
        return torch.cat((first, second)), None


def test_a_net_that_fixes_the_number_of_images_is_not_exported() -> None:
    with pytest.raises(BundleError, match="takes 4 images at a time"):
        checked_model(Halved(SMALL).eval(), View((32, 32)))
