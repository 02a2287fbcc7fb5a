"""Draws of one number an image, all from a given generator."""

import math

import torch
from torch import Tensor


def uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Return ``count`` numbers, float32, uniform in [low, high)."""
    return torch.rand(count, generator=generator) * (high - low) + low


def log_uniform(count: int, largest: float, generator: torch.Generator) -> Tensor:
    """Return ``count`` factors, float32, log-uniform in [1 / largest, largest]."""
    return uniform(count, -math.log(largest), math.log(largest), generator).exp()


def struck(count: int, probability: float, generator: torch.Generator) -> Tensor:
    """Return the indices, int64, of those of ``count`` images that chance strikes."""
    return (torch.rand(count, generator=generator) < probability).nonzero()[:, 0]
