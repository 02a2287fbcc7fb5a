"""Nets that answer together: a recipe's own and bundles', by the mean of their logits."""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import compose, helper
from torch import Tensor, nn

from lentigo.bundle import Bundle
from lentigo.errors import BundleError, RecipeError
from lentigo.nets import LesionNet
from lentigo.training.others import LEAST, BundleNet, MeanOfNets, bundle_at, check_other
from lentigo.training.recipe import Recipe

_KEY = "ensemble"
_INPUT = "image"


class Ensemble(LesionNet):
    """A net whose logits are the mean of a net's and of bundles', to choose thresholds for both.

    Args:
        net: The recipe's own.
        bundles: The others.
    """

    def __init__(self, net: LesionNet, bundles: Sequence[Bundle]) -> None:
        super().__init__()
        self.task = net.task  # type: ignore[misc] # that of the net inside
        self.stride_px = net.stride_px  # type: ignore[misc]
        self.net = net
        self.members = MeanOfNets([net, *map(BundleNet, bundles)])

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the mean logits N×(1 + K) for pixels N×C×H×W of 0–255."""
        logits: Tensor = self.members(pixels)
        return logits

    def encoder_parts(self) -> dict[str, nn.Module]:
        """Return the parts of the recipe's own net."""
        return self.net.encoder_parts()


def members_of(recipe: Recipe) -> list[Bundle]:
    """Return the bundles that answer together with a recipe's net.

    Raises:
        RecipeError: One is no bundle, or sees or tells something else than the net.
        BundleError: One is damaged, or no classifier.
    """
    return [_member(recipe, path) for path in recipe.ensemble]


def _member(recipe: Recipe, path: Path) -> Bundle:
    if (bundle := bundle_at(path)) is None:
        raise RecipeError(f"{_KEY}: {path} is not a bundle; export the run first")
    check_other(recipe, path, _KEY)
    return bundle


def together(models: Sequence[onnx.ModelProto]) -> onnx.ModelProto:
    """Return one model of a bundle's kind that gives the mean of several.

    The mean is of logits: of log-odds of ``probability`` and of logarithms of ``diagnoses``, as
    in ``MeanOfFlips``; a ``heat`` map is in logits already. What not all models give is left out.

    Args:
        models: Bundles' models for pictures of one size.

    Raises:
        BundleError: They differ in their operators' version or in the shape of an output.
    """
    first = models[0].graph
    _check_alike(models)
    names = [
        out.name for out in first.output if all(_shape(m, out.name) is not None for m in models)
    ]
    nodes, weights = [], []
    for number, model in enumerate(models):
        own = compose.add_prefix(model, _prefix(number)).graph
        image = _prefix(number) + _INPUT
        nodes.append(helper.make_node("Identity", [_INPUT], [image]))
        nodes.extend(own.node)
        weights.extend(own.initializer)
    bounds = {"least": LEAST, "most": 1 - LEAST, "one": 1.0}
    weights.extend(helper.make_tensor(name, 1, [], [value]) for name, value in bounds.items())
    for name in names:
        nodes.extend(_mean(name, len(models)))
    graph = helper.make_graph(
        nodes,
        "together",
        list(first.input),
        [out for out in first.output if out.name in names],
        weights,
    )
    whole = helper.make_model(
        graph, opset_imports=list(models[0].opset_import), ir_version=models[0].ir_version
    )
    onnx.checker.check_model(whole)
    return whole


def _mean(name: str, count: int) -> list[onnx.NodeProto]:
    """Return the nodes that make one output of what the models give under its name."""
    node = helper.make_node
    told = [_prefix(number) + name for number in range(count)]
    if name == "heat":
        return [node("Mean", told, [name])]
    nodes = [node("Clip", [one, "least", "most"], [f"{one}.cut"]) for one in told]
    nodes += [node("Log", [f"{one}.cut"], [f"{one}.log"]) for one in told]
    if name == "diagnoses":
        nodes.append(node("Mean", [f"{one}.log" for one in told], [f"{name}.mean"]))
        return [*nodes, node("Softmax", [f"{name}.mean"], [name], axis=1)]
    nodes += [node("Sub", ["one", f"{one}.cut"], [f"{one}.rest"]) for one in told]
    nodes += [node("Log", [f"{one}.rest"], [f"{one}.log-rest"]) for one in told]
    nodes += [node("Sub", [f"{one}.log", f"{one}.log-rest"], [f"{one}.odds"]) for one in told]
    nodes.append(node("Mean", [f"{one}.odds" for one in told], [f"{name}.mean"]))
    return [*nodes, node("Sigmoid", [f"{name}.mean"], [name])]


def _prefix(number: int) -> str:
    return f"member{number}."


def _shape(model: onnx.ModelProto, name: str) -> list[int] | None:
    """Return an output's sides but for the number of images; none where there is no such output."""
    for out in model.graph.output:
        if out.name == name:
            return [side.dim_value for side in out.type.tensor_type.shape.dim][1:]
    return None


def _check_alike(models: Sequence[onnx.ModelProto]) -> None:
    versions = [[(one.domain, one.version) for one in m.opset_import] for m in models]
    if any(version != versions[0] for version in versions):
        raise BundleError(f"models of an ensemble differ in their operators' versions: {versions}")
    for out in models[0].graph.output:
        told = [_shape(model, out.name) for model in models]
        shapes = [shape for shape in told if shape is not None]
        if any(shape != shapes[0] for shape in shapes):
            raise BundleError(f"models of an ensemble differ in the shape of {out.name}: {shapes}")
