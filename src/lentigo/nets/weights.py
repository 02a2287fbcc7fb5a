"""Published ImageNet weights: where they are looked for, and the normalisation each was made with.

One resolver serves all nets. It looks into the folder given (``--weights``), else into
``LENTIGO_WEIGHTS``, then into torch's cache, and last downloads.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import timm
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
    "resnet34": (
        Pretrained(
            file="resnet34-b627a593.pth",
            url="https://download.pytorch.org/models/resnet34-b627a593.pth",
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            licence="BSD-3-Clause (torchvision)",
        ),
    ),
}
# The grey levels are those of the TensorFlow weights that timm converted; timm rounds them.
PRETRAINED |= {
    f"tf_efficientnet_lite{size}": (
        Pretrained(
            file=f"tf_efficientnet_lite{size}-in1k.safetensors",
            url=f"https://huggingface.co/timm/tf_efficientnet_lite{size}.in1k/resolve/main/model.safetensors",
            mean=(127.0, 127.0, 127.0),
            std=(128.0, 128.0, 128.0),
            licence=f"Apache-2.0 (timm, tf_efficientnet_lite{size}.in1k)",
        ),
    )
    for size in (0, 1, 2)
}


def published(name: str) -> tuple[Pretrained, ...]:
    """Return the weights published under a name of ``PRETRAINED``, else for a model of timm.

    timm's are those it takes itself, as a file in the safetensors format from its hub.

    Raises:
        WeightsError: timm publishes none for this model.
    """
    if name in PRETRAINED:
        return PRETRAINED[name]
    config = timm.get_pretrained_cfg(name)
    if not (config and config.hf_hub_id):
        raise WeightsError(
            f"timm {timm.__version__} publishes no weights for '{name}': choose one of "
            "timm.list_models(pretrained=True), or train from scratch with pretrained: null"
        )
    red, green, blue = (255 * level for level in config.mean)
    spread = tuple(255 * level for level in config.std)
    return (
        Pretrained(
            file=f"{config.architecture}-{config.tag}.safetensors",
            url=f"https://huggingface.co/{config.hf_hub_id}/resolve/main/model.safetensors",
            mean=(red, green, blue),
            std=(spread[0], spread[1], spread[2]),
            licence=f"{config.license} (timm, {config.architecture}.{config.tag})",
        ),
    )


def find_pretrained(
    choices: Sequence[Pretrained], weights_dir: Path | None = None
) -> tuple[Pretrained, Path]:
    """Find published weights on disk, or download them into torch's cache.

    Args:
        choices: Files of which any one will do, the preferred first; one of them has a URL.
        weights_dir: The folder to look into first; ``LENTIGO_WEIGHTS`` where not given.

    Returns:
        What was found, and its file.

    Raises:
        WeightsError: They are nowhere and cannot be downloaded; the message names the file and
            the folder to put it in.
    """
    given = weights_dir or (Path(env) if (env := os.environ.get("LENTIGO_WEIGHTS")) else None)
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    for folder in filter(None, (given, cache)):
        for choice in choices:
            if (path := folder / choice.file).is_file():
                return choice, path
    source = next(choice for choice in choices if choice.url)
    path = cache / source.file
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Names of torch's files end in the first digits of the SHA-256, which torch then checks.
        digits = re.search(r"-([0-9a-f]{8,})$", path.stem)
        torch.hub.download_url_to_file(str(source.url), str(path), hash_prefix=digits and digits[1])
    except (OSError, RuntimeError) as fault:
        files = " or ".join(choice.file for choice in choices)
        raise WeightsError(
            f"no ImageNet weights: looked for {files} in "
            f"{given or 'LENTIGO_WEIGHTS (not set)'} and {cache}, and {source.url} cannot be "
            f"reached ({fault}). Put the file into a folder and name it with --weights DIR"
        ) from fault
    return source, path
