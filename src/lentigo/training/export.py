"""From a run to a bundle: the best weights as ONNX, checked against torch, and what was tuned."""

import json
import platform
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save
from torch import Tensor, nn

from lentigo.bundle import CARD, Bundle, BundleSpec, InputSpec, write_bundle
from lentigo.data.sources import SOURCES
from lentigo.errors import BundleError, TrainingError
from lentigo.evaluation.model_card import model_card
from lentigo.imaging.read import Photo
from lentigo.imaging.view import View
from lentigo.nets import LesionNet, build_net
from lentigo.nets.channels import for_channels
from lentigo.nets.flips import MeanOfFlips
from lentigo.synthetic import draw_lesion
from lentigo.training.ensemble import members_of, together
from lentigo.training.folder import RunFolder
from lentigo.training.others import recipes_behind
from lentigo.training.recipe import Recipe, read_recipe
from lentigo.training.shown import Shown

TOLERANCE = 1e-3
"""The largest difference in probability between torch and the exported model."""

HEAT_TOLERANCE = 1e-2
"""The same of a heat map, as a share of its largest value: less than the eye tells apart."""

_ALLOWED = {"probability": TOLERANCE, "diagnoses": TOLERANCE, "heat": HEAT_TOLERANCE}

# Weights of at least so many values are halved: all but biases where that costs nothing, else
# the large inner layers alone, which hold most of the bytes and the least of the rounding's effect.
_HALVED_FROM = (1_024, 200_000)
_PACKAGES = ("lentigo", "numpy", "onnx", "torch", "torchvision")


class _FromPixels(nn.Module):
    """The net as a bundle's model: uint8 N×H×W×C in, out what `lentigo.bundle` lists, by name."""

    def __init__(self, net: LesionNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        logits, heat = self.net.explain(image.permute(0, 3, 1, 2).float())
        outputs = {"probability": torch.sigmoid(logits[:, 0])}
        if logits.shape[1] > 1:
            outputs["diagnoses"] = torch.softmax(logits[:, 1:], dim=1)
        if heat is not None:
            outputs["heat"] = heat
        return outputs


def export(
    run: Path,
    out: Path,
    *,
    name: str | None = None,
    default: bool = False,
    notes: tuple[str, ...] = (),
    with_weights: bool = True,
) -> Bundle:
    """Write a finished run as a bundle.

    Weights are kept in half precision where the probabilities then stay within ``TOLERANCE``.

    Args:
        run: The run's folder.
        out: The bundle's folder; one that stood there before is replaced.
        name: The bundle's name; the folder's where not given.
        notes: Limits for the model card that only people know, such as how the data was copied.
        default: Among shipped bundles, the one used for its task when none is named.
        with_weights: Put ``model.safetensors`` beside the model, so that training can go on.

    Raises:
        TrainingError: The run has not ended.
        BundleError: ONNX Runtime and torch disagree by more than is allowed.
    """
    folder = RunFolder(run)
    if not folder.tuned.is_file():
        if not folder.recipe.is_file():
            raise TrainingError(f"{run}: not a run's folder; name the --out of 'lentigo train'")
        raise TrainingError(
            f"{run}: this run has not ended (no {folder.tuned.name}); go on with 'lentigo train' "
            "and --resume first"
        )
    recipe = read_recipe(folder.recipe)
    view = recipe.data.view
    net = for_channels(build_net(recipe.net.name, None, **recipe.net.options), view.channels)
    net.add_diagnoses(len(recipe.diagnoses))
    net.load_state_dict(folder.load_best())
    used = MeanOfFlips(net) if recipe.test_time_flips else net
    model = checked_model(used.eval(), view)
    members = members_of(recipe)
    if members:
        models = [onnx.load_from_string(model), *(onnx.load(one.model_path) for one in members)]
        model = together(models).SerializeToString()
    files: dict[str, Path | bytes] = {
        "model.onnx": model,
        "recipe.yaml": folder.recipe,
        "split.csv": folder.split,
        "labels.txt": folder.labels,
    }
    if with_weights:
        files["model.safetensors"] = save(net.state_dict())
    spec = _spec(name or out.name, net, recipe, folder, members)
    spec = spec.model_copy(update={"default": default, "notes": (*_shown(folder), *notes)})
    return write_bundle(out, spec, files | {CARD: model_card(spec).encode()})


def _spec(
    name: str, net: LesionNet, recipe: Recipe, folder: RunFolder, members: Sequence[Bundle]
) -> BundleSpec:
    tuned: dict[str, Any] = json.loads(folder.tuned.read_text(encoding="utf-8"))
    segmentation = recipe.task == "segmentation"
    return BundleSpec.model_validate(
        {
            "name": name,
            "task": recipe.task,
            "net": " + ".join((recipe.net.name, *(one.spec.net for one in members))),
            "input": InputSpec(
                size_px=recipe.data.size_px,
                region=recipe.data.view.region,
                preprocessing=recipe.data.preprocessing,
            ),
            "classes": ("skin", "lesion") if segmentation else ("benign", "malignant"),
            "diagnoses": recipe.diagnoses,
            "refine": segmentation,
            "trained_on": _sources(recipe),
            "licence": _licence(net, recipe, members),
            "recipe": recipe.model_dump(mode="json"),
            "versions": {"python": platform.python_version()}
            | {package: version(package) for package in _PACKAGES},
            **tuned,
        }
    )


def _shown(folder: RunFolder) -> tuple[str, ...]:
    """Return a note of whose outlines the net learned by, where it is shown a region."""
    return (str(Shown.read(folder.shown)),) if folder.shown.is_file() else ()


def _sources(recipe: Recipe) -> tuple[str, ...]:
    """Return what the net has learnt from, by itself or through its teachers."""
    data = [one.data for one in recipes_behind(recipe)]
    names = [
        name for one in data for name in (one.source, one.further and one.further.source) if name
    ]
    return tuple(dict.fromkeys(names))


def _licence(net: LesionNet, recipe: Recipe, members: Sequence[Bundle]) -> str:
    """Return whose terms the weights carry: the data's, and the pretrained weights'."""
    terms = [f"data {name}: {SOURCES[name].licence}" for name in _sources(recipe)]
    if recipe.net.pretrained:
        terms.append(f"{recipe.net.pretrained} weights: {net.published()[0].licence}")
    terms += [f"{one.spec.name}, which answers with it: as told there" for one in members]
    return "The weights carry the terms of what they were made from: " + "; ".join(terms) + "."


def checked_model(net: LesionNet, view: View) -> bytes:
    """Return a bundle's ONNX model, its weights in half precision where that costs nothing.

    Raises:
        BundleError: ONNX Runtime and torch disagree by more than is allowed, or the exported model
            takes one number of images alone.
    """
    pixels = _real_like(view)
    with torch.inference_mode():
        outputs = _FromPixels(net)(torch.from_numpy(pixels))
    expected = {name: value.numpy() for name, value in outputs.items()}
    whole = _to_onnx(net, pixels, tuple(expected))
    if whole.graph.input[0].type.tensor_type.shape.dim[0].HasField("dim_value"):
        raise BundleError(
            f"the exported {type(net).__name__} takes {len(pixels)} images at a time and no other "
            "number: its forward computes with the batch's size in a way that fixes it"
        )
    for least in _HALVED_FROM:
        halved = _halve_weights(whole, least)
        if _agree(_differences(halved, pixels, expected)):
            return bytes(halved.SerializeToString())
    if not _agree(differences := _differences(whole, pixels, expected)):
        told = ", ".join(
            f"{name} by up to {value:.2g} (at most {_ALLOWED[name]:g} is allowed)"
            for name, value in differences.items()
        )
        raise BundleError(
            f"ONNX Runtime's answers differ from torch's: {told}; this model is not written"
        )
    return bytes(whole.SerializeToString())


def _real_like(view: View) -> NDArray[np.uint8]:
    """Return four drawn lesions of different skins, uint8 4×H×W×C, as the net would see them."""
    drawn = [draw_lesion(seed, fitzpatrick=skin) for seed, skin in enumerate((1, 3, 4, 6))]
    return np.stack([view.look(Photo(one.image, one.mask.shape), one.mask).pixels for one in drawn])


def _to_onnx(
    net: LesionNet, pixels: NDArray[np.uint8], outputs: tuple[str, ...]
) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        path = Path(scratch) / "model.onnx"
        torch.onnx.export(
            _FromPixels(net),
            (torch.from_numpy(pixels),),
            path,
            input_names=["image"],
            output_names=list(outputs),
            dynamic_shapes={"image": {0: torch.export.Dim("n", min=1)}},
            external_data=False,
            dynamo=True,
            verbose=False,
        )
        return onnx.load(path)


def _halve_weights(model: onnx.ModelProto, least: int) -> onnx.ModelProto:
    """Return the model, its weights of ``least`` values and more as float16 that is cast back.

    Engines fold the casts when they load the model, so it computes in float32 as before.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    casts = []
    for weight in halved.graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < least:
            continue
        name, small = weight.name, f"{weight.name}.half"
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), small))
        casts.append(helper.make_node("Cast", [small], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    onnx.checker.check_model(halved)
    return halved


def _agree(differences: Mapping[str, float]) -> bool:
    return all(value <= _ALLOWED[name] for name, value in differences.items())


def _differences(
    model: onnx.ModelProto,
    pixels: NDArray[np.uint8],
    expected: Mapping[str, NDArray[np.float32]],
) -> dict[str, float]:
    """Return each output's largest difference; a heat map's as a share of its largest value."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = dict(zip(expected, session.run(list(expected), {"image": pixels}), strict=True))
    largest = {name: float(np.abs(found[name] - expected[name]).max()) for name in expected}
    if "heat" in expected:
        # A net that sees nothing anywhere has a map of zeros, and no share of that.
        largest["heat"] /= float(np.abs(expected["heat"]).max()) or 1.0
    return largest
