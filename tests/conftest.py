"""Tiny models that keep to the bundle contract, so that tests need neither training nor torch."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from lentigo.bundle import (
    Bundle,
    BundleSpec,
    Calibration,
    InputSpec,
    OperatingPoint,
    QualityModel,
    write_bundle,
)
from lentigo.imaging.region import Region
from lentigo.runtime.analyzer import Analyzer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left with one at the end."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True, scope="session")
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept of tests' data is not kept among the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENTIGO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import by name from benchmarks/ and docs/, and leave nothing behind."""
    root = Path(__file__).parents[1]
    before, folders = set(sys.modules), (root / "benchmarks", root / "docs")
    for folder in folders:
        monkeypatch.syspath_prepend(str(folder))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).parent in folders:
            del sys.modules[name]


def tiny_model(
    reduced_axes: list[int], dark_below: float, output_shape: list[str | int], channels: int = 3
) -> bytes:
    """An ONNX model: probability = sigmoid((dark_below - mean brightness) / 10)."""
    constants = {
        "axes": np.array(reduced_axes, dtype=np.int64),
        "dark_below": np.array(dark_below, dtype=np.float32),
        "softness": np.array(10, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["brightness"], keepdims=0),
        helper.make_node("Sub", ["dark_below", "brightness"], ["darkness"]),
        helper.make_node("Div", ["darkness", "softness"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", channels])
    probability = helper.make_tensor_value_info("probability", TensorProto.FLOAT, output_shape)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [image],
        [probability],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def telling_model(dark_below: float) -> bytes:
    """The same, for a whole image, and it tells more.

    ``heat`` is each eighth pixel's (dark_below - brightness) / 10; ``diagnoses`` the softmax of
    0, the logit and -1.
    """
    model = onnx.load_from_string(tiny_model([1, 2, 3], dark_below, ["n"]))
    constants = {
        "colours": np.array([-1], dtype=np.int64),
        "starts": np.array([4, 4], dtype=np.int64),
        "ends": np.array([9999, 9999], dtype=np.int64),
        "places": np.array([1, 2], dtype=np.int64),
        "steps": np.array([8, 8], dtype=np.int64),
        "turn": np.array([[0, 1, 0]], dtype=np.float32),
        "lift": np.array([0, 0, -1], dtype=np.float32),
    }
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())
    model.graph.node.extend(
        [
            helper.make_node("ReduceMean", ["float", "colours"], ["greys"], keepdims=0),
            helper.make_node("Slice", ["greys", "starts", "ends", "places", "steps"], ["few"]),
            helper.make_node("Sub", ["dark_below", "few"], ["darknesses"]),
            helper.make_node("Div", ["darknesses", "softness"], ["heat"]),
            helper.make_node("Unsqueeze", ["logit", "colours"], ["column"]),
            helper.make_node("MatMul", ["column", "turn"], ["turned"]),
            helper.make_node("Add", ["turned", "lift"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["diagnoses"], axis=1),
        ]
    )
    float32 = TensorProto.FLOAT
    model.graph.output.extend(
        [
            helper.make_tensor_value_info("heat", float32, ["n", "rows", "columns"]),
            helper.make_tensor_value_info("diagnoses", float32, ["n", 3]),
        ]
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture(scope="session")
def segmenter_spec() -> BundleSpec:
    return BundleSpec(
        name="dark-is-lesion",
        task="segmentation",
        net="tiny",
        input=InputSpec(size_px=(64, 64)),
        classes=("skin", "lesion"),
        operating_points={"balanced": OperatingPoint(threshold=0.5, rule="by hand")},
        default_operating_point="balanced",
        refine=True,
    )


@pytest.fixture(scope="session")
def classifier_spec() -> BundleSpec:
    return BundleSpec(
        name="dark-is-malignant",
        task="classification",
        net="tiny",
        input=InputSpec(size_px=(48, 64)),
        classes=("benign", "malignant"),
        operating_points={
            "balanced": OperatingPoint(threshold=0.5, rule="by hand"),
            "cautious": OperatingPoint(threshold=0.01, rule="miss next to none"),
        },
        default_operating_point="balanced",
        calibration=Calibration(scale=0.5, bias=0.1),
    )


@pytest.fixture(scope="session")
def segmenter_bundle(
    tmp_path_factory: pytest.TempPathFactory, segmenter_spec: BundleSpec
) -> Bundle:
    """Calls lesion what is darker than mid-grey."""
    folder: Path = tmp_path_factory.mktemp("bundles") / "dark-is-lesion"
    model = tiny_model([-1], dark_below=128, output_shape=["n", "h", "w"])
    return write_bundle(folder, segmenter_spec, {"model.onnx": model})


@pytest.fixture(scope="session")
def watchful_bundle(tmp_path_factory: pytest.TempPathFactory, segmenter_bundle: Bundle) -> Bundle:
    """The same, and it tells how good its outlines are."""
    quality = QualityModel(
        weights={"log_doubt_inside": -1, "log_doubt_outside": -1, "solidity": 1},
        bias=-4,
        review_below=0.8,
        n=100,
    )
    folder: Path = tmp_path_factory.mktemp("bundles") / "watchful"
    spec = segmenter_bundle.spec.model_copy(update={"outline_quality": quality})
    return write_bundle(folder, spec, {"model.onnx": segmenter_bundle.model_path})


@pytest.fixture(scope="session")
def classifier_bundle(
    tmp_path_factory: pytest.TempPathFactory, classifier_spec: BundleSpec
) -> Bundle:
    """The darker the whole image, the more malignant."""
    folder: Path = tmp_path_factory.mktemp("bundles") / "dark-is-malignant"
    model = tiny_model([1, 2, 3], dark_below=150, output_shape=["n"])
    return write_bundle(folder, classifier_spec, {"model.onnx": model})


@pytest.fixture
def bundle_for(
    tmp_path: Path, classifier_spec: BundleSpec
) -> Callable[[Region | None, tuple[str, ...]], Bundle]:
    """Makes the same classifier for what it is shown."""

    def make(region: Region | None = None, steps: tuple[str, ...] = ()) -> Bundle:
        seen = InputSpec(size_px=(48, 64), region=region, preprocessing=steps)
        model = tiny_model([1, 2, 3], 150, output_shape=["n"], channels=seen.view.channels)
        spec = classifier_spec.model_copy(update={"input": seen})
        return write_bundle(tmp_path / "shown-a-region", spec, {"model.onnx": model})

    return make


@pytest.fixture(scope="session")
def telling_bundle(tmp_path_factory: pytest.TempPathFactory, classifier_spec: BundleSpec) -> Bundle:
    """The same, and it tells where and which."""
    folder: Path = tmp_path_factory.mktemp("bundles") / "telling"
    spec = classifier_spec.model_copy(update={"diagnoses": ("nv", "mel", "odd one")})
    return write_bundle(folder, spec, {"model.onnx": telling_model(dark_below=150)})


@pytest.fixture(scope="session")
def analyzer(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> Analyzer:
    return Analyzer(segmenter_bundle, classifier_bundle, engine="onnxruntime", gate=False)


@pytest.fixture(scope="session")
def watchful_analyzer(watchful_bundle: Bundle, classifier_bundle: Bundle) -> Analyzer:
    return Analyzer(watchful_bundle, classifier_bundle, engine="onnxruntime", gate=False)


@pytest.fixture(scope="session")
def telling_analyzer(segmenter_bundle: Bundle, telling_bundle: Bundle) -> Analyzer:
    return Analyzer(segmenter_bundle, telling_bundle, engine="onnxruntime", gate=False)


@pytest.fixture(scope="session")
def dark_disc() -> NDArray[np.uint8]:
    """Bright skin, 120×160, with a dark disc of radius 30 about row 60, column 90."""
    rows, columns = np.ogrid[:120, :160]
    inside = (rows - 60) ** 2 + (columns - 90) ** 2 <= 30**2
    return np.where(inside[..., np.newaxis], np.uint8(30), np.uint8(210)).repeat(3, axis=-1)


@pytest.fixture(scope="session")
def faint_disc(dark_disc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same disc hardly darker than the skin, so that no net can be sure of it."""
    return np.where(dark_disc < 128, np.uint8(122), np.uint8(138))


@pytest.fixture
def mixed_folder(tmp_path: Path, dark_disc: NDArray[np.uint8]) -> Path:
    """Two good photos, one of them in a sub-folder, and three broken files."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    Image.fromarray(dark_disc).save(folder / "a.png")
    Image.fromarray(dark_disc[:, ::-1]).save(folder / "more" / "b.jpg")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "words.jpg").write_text("not an image")
    (folder / "short.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("passed over")
    return folder
