"""VGG–SegNet as one writes it with PyTorch and torchvision: eager, float32, a plain loop.

The layers are those of Lentigo's ``vgg-segnet`` with three skips. Images are in memory and were
normalised beforehand; that is not timed.
"""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from taking_turns import Asked
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.models import vgg16

POOLS = (4, 9, 16, 23, 30)  # in torchvision's features: the ends of block 1 to block 5
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def convolutions(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return twice convolution 3×3, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class VggSegNet(nn.Module):
    """VGG16 with a SegNet-style decoder and the skips of blocks 4, 3 and 2."""

    def __init__(self) -> None:
        super().__init__()
        features = vgg16(weights=None).features
        starts = (0, *(pool + 1 for pool in POOLS))
        self.blocks = nn.ModuleList(features[start:end] for start, end in pairwise(starts))
        self.decoder = nn.ModuleList(
            [
                convolutions(512 + 512, 512),
                convolutions(512 + 256, 256),
                convolutions(256 + 128, 128),
                convolutions(128, 64),
                convolutions(64, 64),
            ]
        )
        self.head = nn.Conv2d(64, 1, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        pooled = []
        for block in self.blocks:
            pixels = block(pixels)
            pooled.append(pixels)
        skips = (pooled[3], pooled[2], pooled[1], None, None)
        for stage, skip in zip(self.decoder, skips, strict=True):
            pixels = F.interpolate(pixels, scale_factor=2, mode="bilinear")
            pixels = stage(pixels if skip is None else torch.cat((pixels, skip), 1))
        return self.head(pixels)


def unfreeze(net: VggSegNet, blocks: list[str]) -> None:
    """Freeze VGG16 but for some of its blocks."""
    for number, block in enumerate(net.blocks, start=1):
        block.requires_grad_(f"block{number}" in blocks)


def bce_dice(logits: Tensor, truth: Tensor) -> Tensor:
    """Binary cross-entropy plus one minus soft Dice, the mean over images."""
    found = logits.sigmoid()
    hit, both = (found * truth).sum((1, 2, 3)), (found + truth).sum((1, 2, 3))
    dice = 1 - (2 * hit + 1) / (both + 1)
    return F.binary_cross_entropy_with_logits(logits, truth) + dice.mean()


def bce_focal_tversky(logits: Tensor, truth: Tensor) -> Tensor:
    """Binary cross-entropy plus the focal Tversky loss at α = 0.3, β = 0.7, γ = 4/3."""
    found = logits.sigmoid()
    hit = (found * truth).sum((1, 2, 3))
    excess, missed = found.sum((1, 2, 3)) - hit, truth.sum((1, 2, 3)) - hit
    index = (hit + 1) / (hit + 0.3 * excess + 0.7 * missed + 1)
    tversky = (1 - index).clamp_min(1e-6) ** 0.75
    return F.binary_cross_entropy_with_logits(logits, truth) + tversky.mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "bce+dice": bce_dice,
    "bce+focal-tversky": bce_focal_tversky,
}


class Training:
    """A net, its images and the phase that it is in."""

    def __init__(self, chosen: dict[str, Any]) -> None:
        images = torch.from_numpy(np.load(chosen["images"])).permute(0, 3, 1, 2).float() / 255
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
        images = ((images - mean) / std).contiguous()
        masks = torch.from_numpy(np.load(chosen["masks"])).unsqueeze(1).float()
        train, batch = chosen["train"], chosen["batch"]
        self.train = DataLoader(
            TensorDataset(images[:train], masks[:train]), batch, shuffle=True, drop_last=True
        )
        self.validation = DataLoader(TensorDataset(images[train:], masks[train:]), batch)
        self.net = VggSegNet()
        self.phases = chosen["phases"]

    def begin(self, phase: int) -> None:
        """Unfreeze what this phase trains."""
        plan = self.phases[phase]
        unfreeze(self.net, plan["unfreeze"])
        trained = [one for one in self.net.parameters() if one.requires_grad]
        self.optimiser = torch.optim.Adam(trained, lr=plan["learning_rate"])
        self.loss = LOSSES[plan["loss"]]

    def epoch(self) -> dict[str, Any]:
        """Train for an epoch, and validate."""
        began = time.perf_counter()
        self.net.train()
        total = 0.0
        for pixels, masks in self.train:
            self.optimiser.zero_grad()
            loss = self.loss(self.net(pixels), masks)
            loss.backward()
            self.optimiser.step()
            total += loss.item()
        validating = time.perf_counter()
        self.net.eval()
        with torch.inference_mode():
            for pixels, masks in self.validation:
                self.loss(self.net(pixels), masks).item()
        return {
            "train_s": validating - began,
            "validation_s": time.perf_counter() - validating,
            "loss": total / len(self.train),
        }


if __name__ == "__main__":
    asked = Asked()
    torch.set_num_threads(asked.settings["threads"])
    training = Training(asked.settings)
    asked.answer(training.begin, training.epoch)
