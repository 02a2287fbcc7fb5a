import pytest
import torch

from lentigo.errors import RecipeError
from lentigo.nets import VggSegNet


def test_decoder_is_the_studys_table() -> None:
    shapes = [
        [tuple(layer.weight.shape[:2]) for layer in stage.convolutions if hasattr(layer, "stride")]
        for stage in VggSegNet().decoder
    ]
    assert shapes == [
        [(512, 512 + 512), (512, 512)],
        [(256, 512 + 256), (256, 256)],
        [(128, 256 + 128), (128, 128)],
        [(64, 128), (64, 64)],
        [(64, 64), (64, 64)],
    ]


@pytest.mark.parametrize("skips", [[], ["b4", "b3"], ["b4", "b3", "b2"]])
def test_a_skip_carries_detail_past_the_deeper_blocks(skips: list[str]) -> None:
    torch.manual_seed(0)
    net = VggSegNet(skips).eval()
    with torch.no_grad():
        for parameter in net.blocks["block5"].parameters():
            parameter.zero_()  # nothing of the image passes block 5 now
        one, other = net(torch.zeros(1, 3, 64, 64)), net(torch.full((1, 3, 64, 64), 255.0))
    assert torch.equal(one, other) == (not skips)


def test_other_skips_are_refused() -> None:
    with pytest.raises(RecipeError, match="b1"):
        VggSegNet(["b1"])


def test_an_input_that_does_not_fit_is_told_what_would() -> None:
    with pytest.raises(ValueError, match=r"100×70.*128×96"):
        VggSegNet().eval()(torch.zeros(1, 3, 100, 70))
