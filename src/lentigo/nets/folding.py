"""Batch norm that no longer learns, as a part of the convolution before it."""

import copy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lentigo.nets.base import LesionNet


def folded(net: LesionNet) -> LesionNet:
    """Return a copy of a net that is quicker to ask: its batch norms are folded away.

    A frozen batch norm multiplies and adds the same numbers for ever (Ioffe and Szegedy 2015,
    section 3.1), and so does the convolution before it: weights take both. Answers differ by
    rounding alone. Only neighbours in an ``nn.Sequential`` are folded; the copy must not train.
    """
    copied = copy.deepcopy(net).eval().requires_grad_(False)
    for sequence in copied.modules():
        if isinstance(sequence, nn.Sequential):
            _fold(sequence)
    return copied


def _fold(sequence: nn.Sequential) -> None:
    for at, (one, other) in enumerate(pairwise(list(sequence))):
        if isinstance(one, nn.Conv2d) and isinstance(other, nn.BatchNorm2d):
            sequence[at] = fuse_conv_bn_eval(one, other)
            sequence[at + 1] = nn.Identity()
