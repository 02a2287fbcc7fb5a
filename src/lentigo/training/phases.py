"""What a phase makes of a net and of the learning rate: pure functions of the recipe."""

import math
from collections.abc import Sequence

from lentigo.errors import RecipeError
from lentigo.nets import LesionNet
from lentigo.training.recipe import Phase


def learning_rate(phase: Phase, done: float, reductions: int) -> float:
    """Return the rate at a point of a phase.

    Args:
        phase: The phase.
        done: Share of the phase's steps that are done, 0–1.
        reductions: How often the score's plateau has reduced the rate in this phase.
    """
    rate = phase.learning_rate
    if phase.plateau:
        rate *= phase.plateau.factor**reductions
    if phase.schedule == "cosine":  # Loshchilov & Hutter 2017, eq. 5, without restarts
        rate *= 0.5 * (1 + math.cos(math.pi * done))
    return rate


def unfreeze(net: LesionNet, phase: Phase) -> None:
    """Freeze a net's encoder but for what a phase trains.

    Raises:
        RecipeError: The net has no such parts, or no layers that Keras counts.
    """
    if phase.unfreeze_from is None:
        net.unfreeze(phase.unfreeze)
    else:
        net.unfreeze(parts_from_layer(net, phase.unfreeze_from))


def parts_from_layer(net: LesionNet, layer: int) -> tuple[str, ...]:
    """Return the encoder's parts from a layer on, as Keras counts layers; none behind its last.

    Args:
        net: A net that Keras has too.
        layer: From 0, the input.

    Raises:
        RecipeError: Keras does not have the net, or a part holds layers on both sides.
    """
    first, wanted = 0, []
    for part, count in net.keras_layers().items():
        if first < layer < first + count:
            raise RecipeError(
                f"unfreeze_from: {layer} lies within {part}, the layers {first} to "
                f"{first + count - 1}, which is frozen as a whole: take {first} or {first + count}"
            )
        if first >= layer:
            wanted.append(part)
        first += count
    return tuple(wanted)


def idle(net: LesionNet, phases: Sequence[Phase], index: int) -> str | None:
    """Return, in words, that a phase trains the very same weights as the one before it.

    A recipe may ask for more and yet train no more, such as layers that the net does not have.

    Args:
        net: The net; it is left as the phase has it.
        phases: All phases.
        index: Of the phase.
    """
    trained = []
    for phase in phases[max(index - 1, 0) : index + 1]:
        unfreeze(net, phase)
        trained.append([name for name, p in net.named_parameters() if p.requires_grad])
    if not index or trained[0] != trained[1]:
        return None
    phase, before, why = phases[index], phases[index - 1].name, ""
    if phase.unfreeze_from is not None:
        layers = sum(net.keras_layers().values())
        why = f" from layer {phase.unfreeze_from}, since Keras counts {layers} layers in this net"
    return (
        f"phase {phase.name} unfreezes nothing{why}: "
        f"it trains the same weights as {before} before it"
    )
