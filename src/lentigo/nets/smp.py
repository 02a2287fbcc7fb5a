"""Decoders of segmentation-models-pytorch, each on any of timm's encoders that fits."""

import re
from typing import Any, ClassVar

import segmentation_models_pytorch as smp
import timm
from torch import Tensor, nn

from lentigo.errors import RecipeError
from lentigo.nets.base import NETS, LesionNet, Task
from lentigo.nets.weights import Pretrained, published

_ENCODER = "tf_efficientnet_lite0"
_ARCHITECTURES = {
    "unet": smp.Unet,  # Ronneberger et al. 2015
    "unet++": smp.UnetPlusPlus,  # Zhou et al. 2018
    "fpn": smp.FPN,  # Kirillov et al. 2017
    "deeplabv3+": smp.DeepLabV3Plus,  # Chen et al. 2018
    "segformer": smp.Segformer,  # Xie et al. 2021: its decoder
    "upernet": smp.UPerNet,  # Xiao et al. 2018
}


class SmpNet(LesionNet):
    """A net of segmentation-models-pytorch as it stands there, with one logit.

    The encoder's parts are ``stage1``, ``stage2``, …: a stage is what leads from the features
    before to the next that the decoder takes, so most encoders have five, at strides 2 to 32.

    Args:
        architecture: The decoder's class.
        encoder: The name of a timm model that gives features at several strides.

    Raises:
        RecipeError: timm has no such model, or it gives no such features.
    """

    task: ClassVar[Task] = "segmentation"

    def __init__(self, architecture: type[nn.Module], encoder: str) -> None:
        super().__init__()
        if not timm.is_model(encoder):
            raise RecipeError(
                f"timm {timm.__version__} has no model '{encoder}'; encoder is one of "
                "timm.list_models(), such as tf_efficientnet_lite0 or resnet34"
            )
        try:
            self.net: Any = architecture(f"tu-{encoder}", encoder_weights=None, classes=1)
        except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError) as fault:
            raise RecipeError(
                f"encoder '{encoder}' does not fit {architecture.__name__}, which takes features "
                f"at strides 2 or 4 to 32 ({fault}); take another, such as {_ENCODER}"
            ) from fault
        self.encoder_name = encoder

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1×H×W for pixels N×3×H×W of 0–255; H and W multiples of 32."""
        self.check_input(pixels)
        logits: Tensor = self.net(self.normalise(pixels))
        return logits

    def published(self) -> tuple[Pretrained, ...]:
        """Return the weights that timm publishes for the encoder."""
        return published(self.encoder_name)

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``stage1``, ``stage2``, …: one for each of the features that the encoder gives."""
        model = self.net.encoder.model
        ends = {name.replace(".", "_") for name in model.feature_info.module_name()}
        stages: list[nn.ModuleList] = [nn.ModuleList()]
        for name, part in _in_order(model):
            stages[-1].append(part)
            if name in ends:
                stages.append(nn.ModuleList())
        return {f"stage{i}": stage for i, stage in enumerate(stages, start=1) if len(stage)}

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take the state dict of the timm model; what lies behind its features is left out."""
        model = self.net.encoder.model
        model.load_state_dict(
            {
                name: state[name] if name in state else state[_published_name(name)]
                for name in model.state_dict()
            }
        )


def _in_order(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return a timm model's layers from the input inwards; a list of ``blocks`` is opened."""
    return [
        layer
        for name, child in model.named_children()
        for layer in (
            [(f"{name}_{i}", block) for i, block in child.named_children()]
            if name == "blocks"
            else [(name, child)]
        )
    ]


def _published_name(name: str) -> str:
    """Return a weight's name before timm drew the model's stages out: stages_0.x to stages.0.x."""
    return re.sub(r"^([a-z_]+)_(\d+)\.", r"\1.\2.", name)


def _register(name: str, architecture: type[nn.Module]) -> None:
    @NETS.register(name)
    def build(encoder: str = _ENCODER) -> LesionNet:
        return SmpNet(architecture, encoder)


for _name, _architecture in _ARCHITECTURES.items():
    _register(_name, _architecture)
