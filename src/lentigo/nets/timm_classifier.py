"""Any of timm's image models that fits, with one logit: benign or malignant."""

from typing import Any, ClassVar, cast

import timm
from timm.models import group_modules
from torch import Tensor, nn

from lentigo.errors import RecipeError
from lentigo.nets.base import NETS, LesionNet, Task
from lentigo.nets.weights import Pretrained, published

_ENCODER = "tf_efficientnet_lite0"


@NETS.register("timm")
class TimmClassifier(LesionNet):
    """A model of timm up to its pooled features, dropout, and one linear layer.

    The encoder's parts are ``stem``, ``stage1``, ``stage2``, …, as timm itself groups the model's
    layers by depth; what stands between the last block and the pooled features belongs to the last
    stage or is one by itself.

    Args:
        encoder: The name of a timm model that takes images of any size.
        dropout: The share of pooled features set to 0 in training, 0 ≤ dropout < 1.

    Raises:
        RecipeError: timm has no such model, or it takes images of one size alone.
    """

    task: ClassVar[Task] = "classification"
    stride_px: ClassVar[int] = 1

    def __init__(self, encoder: str = _ENCODER, dropout: float = 0.3) -> None:
        super().__init__()
        if not timm.is_model(encoder):
            raise RecipeError(
                f"timm {timm.__version__} has no model '{encoder}'; encoder is one of "
                f"timm.list_models(), such as {_ENCODER} or resnet50"
            )
        config = timm.get_pretrained_cfg(encoder)
        if config and config.fixed_input_size:
            raise RecipeError(
                f"encoder '{encoder}' takes images of {config.input_size[1]}×"
                f"{config.input_size[2]} px alone; take one that takes any, such as {_ENCODER}"
            )
        self.encoder_name = encoder
        self.encoder: Any = timm.create_model(encoder, num_classes=0)
        features = cast("int", self.encoder.head_hidden_size)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(features, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits N×1 for pixels N×3×H×W of 0–255."""
        logits: Tensor = self.head(self.encoder(self.normalise(pixels)))
        return logits

    def published(self) -> tuple[Pretrained, ...]:
        """Return the weights that timm publishes for the encoder."""
        return published(self.encoder_name)

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return ``stem``, ``stage1``, ``stage2``, …."""
        return stages_of(self.encoder)

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take the state dict of the timm model; its classifier is left out."""
        self.encoder.load_state_dict({name: state[name] for name in self.encoder.state_dict()})


def stages_of(encoder: Any) -> dict[str, nn.Module]:
    """Return a timm model's ``stem``, ``stage1``, ``stage2``, …, as timm groups its layers."""
    groups = group_modules(encoder, encoder.group_matcher(coarse=True))
    names = ("stem", *(f"stage{i}" for i in range(1, len(groups))))
    return {
        name: nn.ModuleList(map(encoder.get_submodule, groups[depth]))
        for name, depth in zip(names, sorted(groups), strict=True)
    }
