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


@pytest.mark.parametrize(
    ("flags", "dense", "depthwise"),
    [
        ({"avx2"}, "fp32", "fp32"),
        ({"avx2", "avx512_bf16"}, "bf16", "fp32"),
        ({"avx512_bf16", "amx_bf16"}, "bf16", "bf16"),
    ],
)
def test_auto_takes_bf16_where_a_net_gains_by_it(
    flags: set[str], dense: str, depthwise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(precision, "_cpu_flags", lambda: flags)
    with torch.device("meta"):
        heavy, light = build_net("vgg-segnet"), build_net("mobilenetv2")
    assert choose_precision("auto", heavy) == dense
    assert choose_precision("auto", light) == depthwise
    assert choose_precision("bf16", light) == "bf16"
    assert choose_precision("fp32", heavy) == "fp32"
