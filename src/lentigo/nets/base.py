"""What every network here has in common."""

import inspect
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from lentigo.errors import RecipeError, WeightsError
from lentigo.nets.weights import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Pretrained,
    find_pretrained,
    published,
)
from lentigo.registry import Registry

Task = Literal["segmentation", "classification"]


class Normalise(nn.Module):
    """RGB pixels of 0–255 to what a net's weights expect.

    It is a part of the net, and its numbers are saved with the weights, so that the two cannot
    be paired wrongly. Mean and standard deviation are in grey levels, in RGB order.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return normalised pixels, N×3×H×W, of the input's floating type."""
        return (pixels - self.mean) / self.std


class LesionNet(nn.Module, ABC):
    """A network over RGB pixels of 0–255 (float, N×3×H×W) that returns logits.

    Segmentation nets return N×1×H×W, classification nets N×1; a sigmoid makes either a
    probability. A classifier that was given K diagnoses returns N×(1 + K), the malignant logit
    first; a softmax of the others gives their shares.

    A subclass sets ``task``, ``stride_px`` (the input's sides must be multiples of it) and, where
    its encoder has published weights, ``pretrained_name``, and lists its encoder in
    :meth:`encoder_parts`.
    """

    task: ClassVar[Task]
    stride_px: ClassVar[int] = 32
    pretrained_name: ClassVar[str | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise()

    @abstractmethod
    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return the parts that can be frozen, by name, from the input inwards."""

    def keras_layers(self) -> dict[str, int]:
        """Return how many layers each encoder part has as Keras counts them, in order.

        Recipes of studies made with Keras count its layers; the input is one.

        Raises:
            RecipeError: Keras does not have this net; one that it has overrides this.
        """
        raise RecipeError(
            f"Keras does not have {type(self).__name__}, so its layers have no numbers: name parts "
            f"with unfreeze, of {list(self.encoder_parts())}"
        )

    def published(self) -> tuple[Pretrained, ...]:
        """Return the published weights that the encoder takes, the preferred first.

        Raises:
            RecipeError: There are none; it is trained from scratch.
            WeightsError: There are none for the encoder chosen.
        """
        if self.pretrained_name is None:
            raise self._from_scratch()
        return published(self.pretrained_name)

    def _from_scratch(self) -> RecipeError:
        return RecipeError(
            f"{type(self).__name__} has no published weights: it is trained from scratch; "
            "say pretrained: null"
        )

    def load_encoder(self, state: dict[str, Tensor]) -> None:
        """Take the encoder's weights from a published state dict.

        Raises:
            RecipeError: The net has none; one that has overrides this.
        """
        raise self._from_scratch()

    def add_diagnoses(self, count: int) -> None:
        """Give a new net one more logit for each of ``count`` diagnoses; 0 leaves it as it is.

        Raises:
            RecipeError: The net cannot learn diagnoses; one that can overrides this.
        """
        if count:
            raise RecipeError(
                f"diagnoses_weight: {type(self).__name__} cannot learn diagnoses; set it to 0, or "
                "choose a net that pools one feature map, such as mobilenetv2, and no frame+crop"
            )

    def explain(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the logits and, where the net can tell, a heat map of the malignant one.

        The heat map is float, N×h×w over all pixels: the malignant logit, less its bias, that each
        place alone would give. Both come from one pass.
        """
        logits: Tensor = self(pixels)
        return logits, None

    def frozen_front(self) -> int:
        """Return how many of the encoder's parts are frozen from the input inwards, all in a row.

        0 also where the net cannot be cut behind them: one that can overrides this, :meth:`front`
        and :meth:`behind`, whose answer to it is :meth:`forward`'s.
        """
        return 0

    def front(self, pixels: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Return all that the first ``parts`` of the encoder hand on, for N×3×H×W of 0–255.

        Raises:
            RecipeError: The net cannot be cut.
        """
        raise self._in_one_piece()

    def behind(self, kept: tuple[Tensor, ...], parts: int) -> Tensor:
        """Return logits from what :meth:`front` returned for as many ``parts``.

        Raises:
            RecipeError: The net cannot be cut.
        """
        raise self._in_one_piece()

    def _in_one_piece(self) -> RecipeError:
        return RecipeError(f"{type(self).__name__} cannot be cut behind its frozen parts")

    def _frozen_in_a_row(self) -> int:
        parts = self.encoder_parts().values()
        frozen = {id(part) for part in getattr(self, "_frozen", ())}
        return sum(1 for _ in itertools.takewhile(lambda part: id(part) in frozen, parts))

    def take_pretrained(self, weights: Pretrained, path: Path) -> None:
        """Take published encoder weights together with the normalisation that belongs to them.

        Raises:
            WeightsError: The file's weights are not this encoder's.
        """
        try:
            self.load_encoder(weights.read(path))
        except (KeyError, RuntimeError) as fault:
            raise WeightsError(f"{path}: not the weights of this encoder ({fault})") from fault
        self.normalise = Normalise(weights.mean, weights.std)

    def check_input(self, pixels: Tensor) -> None:
        """Refuse an input whose sides are not multiples of ``stride_px``.

        Raises:
            ValueError: With the size got and the nearest size that fits.
        """
        height, width = pixels.shape[-2:]
        step = self.stride_px
        if height % step or width % step:
            fit = tuple(-(-side // step) * step for side in (height, width))
            raise ValueError(
                f"input is {height}×{width} px; each side must be a multiple of {step}: "
                f"pad it to {fit[0]}×{fit[1]}"
            )

    def unfreeze(self, names: Iterable[str]) -> None:
        """Freeze the encoder but for the named parts; everything behind the encoder trains.

        A frozen part neither receives gradients nor moves its batch-norm statistics.

        Raises:
            RecipeError: A name that is not a part of this net's encoder.
        """
        parts = self.encoder_parts()
        wanted = set(parts) if "all" in (names := set(names)) else names
        if unknown := wanted - set(parts):
            raise RecipeError(
                f"cannot unfreeze {sorted(unknown)}: the encoder's parts are {list(parts)}, or all"
            )
        self.requires_grad_(True)
        self._frozen = [part for name, part in parts.items() if name not in wanted]
        for part in self._frozen:
            part.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> "LesionNet":
        """Set training mode everywhere but in frozen parts, which stay in evaluation mode."""
        super().train(mode)
        for part in getattr(self, "_frozen", ()):
            part.eval()
        return self


NETS: Registry[Callable[..., LesionNet]] = Registry("net")


def build_net(
    name: str,
    pretrained: str | None = None,
    weights_dir: Path | None = None,
    **options: Any,
) -> LesionNet:
    """Build a registered net, with ImageNet weights where ``pretrained`` is ``imagenet``.

    Raises:
        UnknownNameError: No such net.
        RecipeError: An option that the net does not have, or a bad value of one.
        WeightsError: Pretrained weights are not to be had; the message says where to put them.
    """
    build = NETS[name]
    known = inspect.signature(build).parameters
    if unknown := set(options) - set(known):
        raise RecipeError(f"net '{name}' has no option {sorted(unknown)}; it has {list(known)}")
    net = build(**options)
    if pretrained == "imagenet":
        net.take_pretrained(*find_pretrained(net.published(), weights_dir))
    elif pretrained is not None:
        raise RecipeError(f"pretrained is '{pretrained}'; expected 'imagenet' or null")
    return net
