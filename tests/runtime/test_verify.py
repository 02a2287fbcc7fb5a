from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import save

from lentigo.bundle import Bundle, write_bundle
from lentigo.errors import BundleError
from lentigo.runtime.verify import verify_bundle


def rewritten(bundle: Bundle, folder: Path, model: onnx.ModelProto) -> Bundle:
    return write_bundle(folder, bundle.spec, {"model.onnx": model.SerializeToString()})


def test_good_bundles_pass(segmenter_bundle: Bundle, classifier_bundle: Bundle) -> None:
    for bundle in (segmenter_bundle, classifier_bundle):
        assert any("finite" in check for check in verify_bundle(bundle))


def test_what_else_a_model_tells_is_checked_too(telling_bundle: Bundle) -> None:
    checks = verify_bundle(telling_bundle)
    assert "its shares of 3 diagnoses sum to 1" in checks
    assert "it gives a heat map of 6×8 values" in checks


def test_a_weight_that_is_no_number_is_found(classifier_bundle: Bundle, tmp_path: Path) -> None:
    model = onnx.load(classifier_bundle.model_path)
    broken = numpy_helper.from_array(np.array(np.nan, np.float32), "dark_below")
    model.graph.initializer[1].CopyFrom(broken)
    with pytest.raises(BundleError, match="'dark_below' holds values that are not finite"):
        verify_bundle(rewritten(classifier_bundle, tmp_path / "broken", model))


def test_the_same_in_safetensors(classifier_bundle: Bundle, tmp_path: Path) -> None:
    weights = save({"head": np.array([1.0, np.inf], np.float32)})
    files = {"model.onnx": classifier_bundle.model_path, "model.safetensors": weights}
    with pytest.raises(BundleError, match=r"safetensors: weight 'head'"):
        verify_bundle(write_bundle(tmp_path / "broken", classifier_bundle.spec, files))


def test_data_outside_the_model_is_refused(classifier_bundle: Bundle, tmp_path: Path) -> None:
    model = onnx.load(classifier_bundle.model_path)
    tensor = model.graph.initializer[1]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")
    with pytest.raises(BundleError, match="lies in another file"):
        verify_bundle(rewritten(classifier_bundle, tmp_path / "outside", model))


def test_a_model_of_another_task_is_found(
    segmenter_bundle: Bundle, classifier_bundle: Bundle, tmp_path: Path
) -> None:
    files = {"model.onnx": classifier_bundle.model_path}
    swapped = write_bundle(tmp_path / "swapped", segmenter_bundle.spec, files)
    with pytest.raises(BundleError, match=r"answers with shape \(2,\); expected \(2, 64, 64\)"):
        verify_bundle(swapped)
