from itertools import accumulate

from lentigo.nets import build_net

FIRST = {
    "block0": 0,  # input_1
    "block1": 4,  # expanded_conv_depthwise
    "block2": 9,  # block_1_expand
    "block3": 18,  # block_2_expand
    "block4": 27,  # block_3_expand
    "block7": 54,  # block_6_expand
    "block11": 90,  # block_10_expand
    "block14": 116,  # block_13_expand
    "block17": 143,  # block_16_expand
    "block18": 151,  # Conv_1
}
"""The place of Keras's layers in ``MobileNetV2(include_top=False).layers``."""


def test_layers_are_counted_as_keras_does() -> None:
    counts = build_net("mobilenetv2").keras_layers()
    *firsts, total = accumulate(counts.values(), initial=0)
    assert total == 154
    assert dict(zip(counts, firsts, strict=True)).items() >= FIRST.items()
