import pytest
import torch

from lentigo.nets import build_net
from lentigo.training import precision
from lentigo.training.precision import choose_precision, is_depthwise


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mobilenetv2", True),
        ("efficientnet-lite0", True),
        ("vgg-segnet", False),
        ("plain-cnn", False),
    ],
)
def test_nets_of_depthwise_convolutions_are_told(name: str, expected: bool) -> None:
    with torch.device("meta"):
        assert is_depthwise(build_net(name)) is expected


def test_auto_takes_bf16_where_a_net_gains_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(precision, "_cpu_computes_bf16", lambda: True)
    with torch.device("meta"):
        dense, light = build_net("vgg-segnet"), build_net("mobilenetv2")
    assert choose_precision("auto", dense) == "bf16"
    assert choose_precision("auto", light) == "fp32"
    assert choose_precision("bf16", light) == "bf16"
    monkeypatch.setattr(precision, "_cpu_computes_bf16", lambda: False)
    assert choose_precision("auto", dense) == "fp32"
