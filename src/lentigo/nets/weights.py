"""Published ImageNet weights: where they are looked for, and the normalisation each was made with.

One resolver serves all nets. It looks into the folder given (``--weights``), else into
``LENTIGO_WEIGHTS``, then into torch's cache, and last downloads.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from lentigo.errors import WeightsError

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Pretrained:
    """One published file of weights.

    ``mean`` and ``std`` are in grey levels (0–255), in RGB order. ``bgr_convolution`` names the
    first convolution of weights that take blue first, as Caffe's do; reading turns it to RGB.
    """

    file: str
    url: str | None
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    licence: str
    bgr_convolution: str | None = None

    def read(self, path: Path) -> dict[str, Tensor]:
        """Return the state dict, for RGB input; code in a pickled file is not run.

        Raises:
            WeightsError: The file is not what its name says.
        """
        try:
            if path.suffix == ".safetensors":
                state = load_file(path)
            else:
                state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as fault:
            raise WeightsError(f"{path}: not a readable file of weights ({fault})") from fault
        if self.bgr_convolution:
            state[self.bgr_convolution] = state[self.bgr_convolution].flip(1)
        return state


PRETRAINED: dict[str, tuple[Pretrained, ...]] = {
    # The original weights of Simonyan & Zisserman, which Keras's VGG16 carries too, and the same
    # as torchvision distributes them: turned to RGB and with rounded means.
    "vgg16": (
        Pretrained(
            file="vgg16-imagenet-caffe-conv.safetensors",
            url=None,
            mean=(123.68, 116.779, 103.939),
            std=(1.0, 1.0, 1.0),
            licence="CC BY 4.0 (Simonyan & Zisserman 2015)",
            bgr_convolution="features.0.weight",
        ),
        Pretrained(
            file="vgg16_features-amdegroot-88682ab5.pth",
            url="https://download.pytorch.org/models/vgg16_features-amdegroot-88682ab5.pth",
            mean=(123.0, 117.0, 104.0),
            std=(1.0, 1.0, 1.0),
            licence="CC BY 4.0 (Simonyan & Zisserman 2015)",
        ),
    ),
    "mobilenet_v2": (
        Pretrained(
            file="mobilenet_v2-b0353104.pth",
            url="https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            licence="BSD-3-Clause (torchvision)",
        ),
    ),
}


def find_pretrained(name: str, weights_dir: Path | None = None) -> tuple[Pretrained, Path]:
    """Find published weights on disk, or download them into torch's cache.

    Returns:
        What they are, and their file.

    Raises:
        WeightsError: They are nowhere and cannot be downloaded; the message names the file and
            the folder to put it in.
    """
    given = weights_dir or (Path(env) if (env := os.environ.get("LENTIGO_WEIGHTS")) else None)
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    choices = PRETRAINED[name]
    for folder in filter(None, (given, cache)):
        for choice in choices:
            if (path := folder / choice.file).is_file():
                return choice, path
    source = next(choice for choice in choices if choice.url)
    path = cache / source.file
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # A hub's file name ends in the first digits of its SHA-256, which torch then checks.
        digits = path.stem.rsplit("-", 1)[-1]
        torch.hub.download_url_to_file(str(source.url), str(path), hash_prefix=digits)
    except (OSError, RuntimeError) as fault:
        files = " or ".join(choice.file for choice in choices)
        raise WeightsError(
            f"no ImageNet weights for {name}: looked for {files} in "
            f"{given or 'LENTIGO_WEIGHTS (not set)'} and {cache}, and {source.url} cannot be "
            f"reached ({fault}). Put the file into a folder and name it with --weights DIR"
        ) from fault
    return source, path
