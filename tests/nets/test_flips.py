import pytest
import torch

from lentigo.imaging.view import View
from lentigo.nets import build_net
from lentigo.nets.flips import MeanOfFlips
from lentigo.training.export import checked_model


@pytest.fixture(params=["unet", "timm"])
def net(request: pytest.FixtureRequest) -> MeanOfFlips:
    torch.manual_seed(0)
    net = build_net(request.param, encoder="test_efficientnet").train()
    net(torch.rand(8, 3, 64, 96) * 255)  # batch norm's first statistics, so that answers differ
    return MeanOfFlips(net).eval()


@pytest.mark.parametrize("axes", [(-1,), (-2,), (-2, -1)])
def test_a_mirrored_image_gets_the_mirrored_answer(net: MeanOfFlips, axes: tuple[int, ...]) -> None:
    pixels = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1)) * 255
    with torch.inference_mode():
        (logits, heat), (mirrored, its_heat) = net.explain(pixels), net.explain(pixels.flip(axes))
        alone = net.net(pixels)
    assert not torch.equal(logits, alone)
    back = mirrored.flip(axes) if net.task == "segmentation" else mirrored
    torch.testing.assert_close(back, logits, atol=1e-4, rtol=1e-4)
    if heat is not None and its_heat is not None:
        torch.testing.assert_close(its_heat.flip(axes), heat, atol=1e-4, rtol=1e-4)


def test_it_is_the_mean_of_four_answers() -> None:
    net = build_net("mobilenetv2").eval()
    pixels = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255
    with torch.inference_mode():
        four = [net(pixels.flip(axes)) for axes in ((), (-1,), (-2,), (-2, -1))]
        torch.testing.assert_close(MeanOfFlips(net)(pixels), torch.stack(four).mean(0))


def test_flips_are_a_part_of_the_exported_model(net: MeanOfFlips) -> None:
    checked_model(net, View((64, 96)))  # raises where ONNX Runtime and torch differ
