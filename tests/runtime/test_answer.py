from pathlib import Path

import numpy as np
import onnx
import pytest

from lentigo.bundle import Bundle, write_bundle
from lentigo.errors import BundleError
from lentigo.runtime.classifier import Classifier
from lentigo.runtime.segmenter import Segmenter


def of_fixed_size(bundle: Bundle, side_px: int) -> bytes:
    model = onnx.load(bundle.model_path)
    sizes = model.graph.input[0].type.tensor_type.shape.dim
    for size, value in zip(sizes, (1, side_px, side_px, 3), strict=True):
        size.dim_value = value
    return model.SerializeToString()


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_model_that_cannot_be_run_is_the_bundles_fault(
    tmp_path: Path, segmenter_bundle: Bundle, engine: str
) -> None:
    pytest.importorskip(engine)
    model = of_fixed_size(segmenter_bundle, 32)
    bundle = write_bundle(tmp_path / "b", segmenter_bundle.spec, {"model.onnx": model})
    with pytest.raises(BundleError, match=f"{engine} cannot run it"):
        Segmenter(bundle, engine).segment(np.zeros((64, 64, 3), np.uint8))


def test_an_answer_of_another_shape_is_the_bundles_fault(
    tmp_path: Path, segmenter_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    model = {"model.onnx": classifier_bundle.model_path}
    wrong = write_bundle(tmp_path / "s", segmenter_bundle.spec, model)
    with pytest.raises(BundleError, match=r"expected \(1, 64, 64\)"):
        Segmenter(wrong, "onnxruntime").segment(np.zeros((64, 64, 3), np.uint8))
    model = {"model.onnx": segmenter_bundle.model_path}
    wrong = write_bundle(tmp_path / "c", classifier_bundle.spec, model)
    with pytest.raises(BundleError, match=r"expected \(1,\)"):
        Classifier(wrong, "onnxruntime").probability(np.zeros((64, 64, 3), np.uint8))


def without_softmax(bundle: Bundle) -> bytes:
    """The model with the diagnoses' logits in place of their shares."""
    model = onnx.load(bundle.model_path)
    last = model.graph.node[-1]
    assert last.op_type == "Softmax"
    last.CopyFrom(onnx.helper.make_node("Identity", last.input, last.output))
    return model.SerializeToString()


def test_diagnoses_that_do_not_fit_their_names_are_the_bundles_fault(
    tmp_path: Path, telling_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    photo = np.full((48, 64, 3), 140, np.uint8)
    telling = telling_bundle.model_path
    two_names = telling_bundle.spec.model_copy(update={"diagnoses": ("nv", "mel")})
    wrong = write_bundle(tmp_path / "two", two_names, {"model.onnx": telling})
    with pytest.raises(BundleError, match=r"'diagnoses' has shape \(1, 3\); expected \(1, 2\)"):
        Classifier(wrong, "onnxruntime").estimate(photo)
    plain = {"model.onnx": classifier_bundle.model_path}
    wrong = write_bundle(tmp_path / "none", telling_bundle.spec, plain)
    with pytest.raises(BundleError, match="no output 'diagnoses', though the bundle names 3"):
        Classifier(wrong, "onnxruntime").estimate(photo)
    files = {"model.onnx": without_softmax(telling_bundle)}
    wrong = write_bundle(tmp_path / "logits", telling_bundle.spec, files)
    with pytest.raises(BundleError, match="not shares that sum to 1"):
        Classifier(wrong, "onnxruntime").estimate(photo)
