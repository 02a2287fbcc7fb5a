"""Bilinear upsampling that keeps the arithmetic of what it is given."""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor


def upsample(features: Tensor, factor: int) -> Tensor:
    """Return features N×C×H×W as N×C×(``factor``·H)×(``factor``·W), of the same type."""
    device = features.device.type
    # Under autocast interpolate would go to float32 and double the memory traffic. A device
    # without arithmetic of its own, such as meta, has no autocast to leave.
    own_type = (
        torch.autocast(device, enabled=False)
        if torch.amp.is_autocast_available(device)
        else nullcontext()
    )
    with own_type:
        return F.interpolate(features, scale_factor=factor, mode="bilinear")
