import pytest
import torch
from torch import Tensor, nn

from lentigo.training.depthwise import DepthwiseInFloat32


def _gradients(groups: int, *, mended: bool) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 8, 3, padding=1, groups=groups, bias=False)
    pixels = torch.randn(2, 8, 9, 11, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = convolution(pixels)
    if mended:
        with DepthwiseInFloat32():
            answer.float().square().sum().backward()
    else:
        answer.float().square().sum().backward()
    assert pixels.grad is not None
    assert convolution.weight.grad is not None
    return pixels.grad, convolution.weight.grad


def test_gradients_of_a_depthwise_convolution_stay_within_bf16s_rounding() -> None:
    for quick, slow in zip(_gradients(8, mended=True), _gradients(8, mended=False), strict=True):
        assert quick.dtype == slow.dtype
        torch.testing.assert_close(quick, slow, rtol=2**-6, atol=2**-6 * float(slow.abs().max()))


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_other_convolutions_are_left_as_they_are(groups: int) -> None:
    quick, slow = _gradients(groups, mended=True), _gradients(groups, mended=False)
    assert all(torch.equal(one, other) for one, other in zip(quick, slow, strict=True))


def test_gradients_in_fp32_are_left_as_they_are() -> None:
    torch.manual_seed(0)
    convolution, pixels = nn.Conv2d(4, 4, 3, groups=4), torch.randn(1, 4, 6, 6)
    convolution(pixels).sum().backward()
    assert convolution.weight.grad is not None
    plain = convolution.weight.grad.clone()
    convolution.zero_grad()
    with DepthwiseInFloat32():
        convolution(pixels).sum().backward()
    assert torch.equal(convolution.weight.grad, plain)
