"""Which floating type a run computes in."""

from pathlib import Path
from typing import Literal

import torch

Precision = Literal["fp32", "bf16"]

_CPU_FLAGS = ("amx_bf16", "avx512_bf16")


def choose_precision(wanted: Literal["auto", "fp32", "bf16"]) -> Precision:
    """Return what ``auto`` means here: bf16 where the processor computes in it, else fp32.

    On a processor without bf16 arithmetic it is emulated and slower than fp32.
    """
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if _cpu_computes_bf16() else "fp32"


def _cpu_computes_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in _CPU_FLAGS)
