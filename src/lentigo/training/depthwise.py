"""Gradients of depthwise convolutions in bf16, computed in fp32 where that is far quicker."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_BACKWARD = torch.ops.aten.convolution_backward.default


class DepthwiseInFloat32(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is entered, a CPU takes bf16 gradients of depthwise convolutions through fp32.

    oneDNN has no quick bf16 kernel for them, so that nets such as EfficientNet spend most of a step
    there; all else of the step is quicker in bf16. Results are rounded to bf16 once, at the end,
    and so are at least as exact.
    """

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is not _BACKWARD or not _is_slow(*args):
            return func(*args, **(kwargs or {}))
        answers = func(*(one.float() for one in args[:3]), *args[3:], **(kwargs or {}))
        return tuple(None if one is None else one.to(torch.bfloat16) for one in answers)


def _is_slow(gradient: torch.Tensor, pixels: torch.Tensor, weight: torch.Tensor, *_: Any) -> bool:
    return (
        gradient.dtype == torch.bfloat16
        and gradient.device.type == "cpu"
        and weight.shape[1] == 1 < pixels.shape[1]
    )
