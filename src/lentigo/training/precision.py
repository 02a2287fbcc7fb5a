"""Which floating type a run computes in."""

from pathlib import Path
from typing import Literal

import torch
from torch import nn

Precision = Literal["fp32", "bf16"]

_MATRIX_UNITS = "amx_bf16"
_CPU_FLAGS = (_MATRIX_UNITS, "avx512_bf16")
_DEPTHWISE_SHARE = 0.2


def choose_precision(wanted: Literal["auto", "fp32", "bf16"], net: nn.Module) -> Precision:
    """Return what ``auto`` means here: bf16 where a net is faster in it, else fp32.

    On a processor without bf16 arithmetic it is emulated and slower than fp32. On one that has it
    in its vector units alone, a net whose convolutions are depthwise to a fifth or more, such as
    MobileNetV2, is slower in it as a rule: these are bound by memory, and to change the type costs
    time as well. Units for products of matrices (AMX) make up for that.
    """
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    flags = _cpu_flags()
    gains = _MATRIX_UNITS in flags or not is_depthwise(net)
    return "bf16" if gains and not flags.isdisjoint(_CPU_FLAGS) else "fp32"


def is_depthwise(net: nn.Module) -> bool:
    """Whether a fifth of a net's convolutions or more take each channel by itself."""
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    depthwise = [one for one in convolutions if one.groups == one.in_channels > 1]
    return len(depthwise) >= _DEPTHWISE_SHARE * max(1, len(convolutions))


def _cpu_flags() -> set[str]:
    try:
        return set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return set()
