"""A net's frozen front, asked alone: what stands before all that a phase trains."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from lentigo.nets import LesionNet
from lentigo.nets.folding import folded
from lentigo.runtime.engines import openvino_serves
from lentigo.runtime.engines.openvino import load_openvino, openvino_core
from lentigo.training.precision import Precision

Ask: TypeAlias = Callable[[Tensor], tuple[Tensor, ...]]
"""From pixels N×C×H×W of 0–255 to all that a front hands on, in the type it computes in."""

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_TWO_OF_THEM = 2  # an example of one image would be taken for a front of one image
_AT_ONCE = 4  # what is made of more images does not stay in a processor's caches


class Behind(nn.Module):
    """A net from behind its frozen front on.

    Args:
        net: The net.
        parts: How many of the encoder's parts are its front.
    """

    def __init__(self, net: LesionNet, parts: int) -> None:
        super().__init__()
        self.net, self.parts = net, parts

    def forward(self, *handed_on: Tensor) -> Tensor:
        """Return logits for what the front made of images."""
        return self.net.behind(tuple(one.float() for one in handed_on), self.parts)


def frozen_front(net: LesionNet, parts: int, precision: Precision, pixels: Tensor) -> Ask:
    """Return what asks the first ``parts`` of a net's encoder, as they are now.

    Nothing learns there, so that batch norms are folded into the convolutions before them, and on
    a processor OpenVINO computes it where that serves (``auto`` of the engines). Answers differ
    from the net's own by the rounding of ``precision``.

    Args:
        net: The net, its front frozen.
        parts: How many of the encoder's parts are its front.
        precision: What the front computes in.
        pixels: Such images as it will be asked about, 1×C×H×W.
    """
    front = _Front(folded(net), parts)
    if pixels.device.type == "cpu" and openvino_serves():
        return _ByOpenVino(front, precision, pixels)
    return _ByTorch(front, precision)


class _Front(nn.Module):
    def __init__(self, net: LesionNet, parts: int) -> None:
        super().__init__()
        self.net, self.parts = net, parts

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        return self.net.front(pixels, self.parts)


class _ByTorch:
    def __init__(self, front: _Front, precision: Precision) -> None:
        self._front, self._type = front, _TYPES[precision]

    @torch.no_grad()
    def __call__(self, pixels: Tensor) -> tuple[Tensor, ...]:
        bf16 = self._type == torch.bfloat16
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=bf16):
            handed_on = self._front(pixels.contiguous(memory_format=torch.channels_last))
        return tuple(one.to(self._type) for one in handed_on)


class _ByOpenVino:
    def __init__(self, front: _Front, precision: Precision, pixels: Tensor) -> None:
        openvino = load_openvino()
        self._type = _TYPES[precision]
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        images = pixels.expand(_TWO_OF_THEM, -1, -1, -1).contiguous()
        any_number = {"pixels": {0: torch.export.Dim.DYNAMIC}}
        exported = torch.export.export(front, (images,), dynamic_shapes=any_number)
        model = openvino_core().compile_model(openvino.convert_model(exported), "CPU", settings)
        self._request = model.create_infer_request()
        self._outputs = model.outputs

    def __call__(self, pixels: Tensor) -> tuple[Tensor, ...]:
        answers = [self._answers(some) for some in torch.split(pixels.contiguous(), _AT_ONCE)]
        return tuple(torch.cat(one) for one in zip(*answers, strict=True))

    def _answers(self, pixels: Tensor) -> list[Tensor]:
        self._request.infer({0: pixels.numpy()}, share_inputs=True)
        # The request's own memory, which its next answer goes to.
        answers = (torch.from_numpy(self._request.get_tensor(one).data) for one in self._outputs)
        return [one.to(self._type, copy=True) for one in answers]
