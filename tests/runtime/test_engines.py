"""The contract of every engine."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lentigo.bundle import Bundle
from lentigo.errors import BundleError, UnknownNameError
from lentigo.runtime.engines import ENGINES

every_engine = pytest.mark.parametrize("name", list(ENGINES))

# bfloat16 keeps 8 bits: the agreement that an engine may lose by choosing it.
TOLERANCE = {"float32": 1e-5, "bfloat16": 0.02}


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (3, 48, 64, 3), dtype=np.uint8)


def expected(batch: np.ndarray) -> np.ndarray:
    brightness = batch.astype(np.float32).mean(axis=-1)
    return np.asarray(1 / (1 + np.exp(-(128 - brightness) / 10)))


@every_engine
def test_it_computes_what_the_model_says(
    name: str, batch: np.ndarray, segmenter_bundle: Bundle
) -> None:
    engine = ENGINES[name](segmenter_bundle.model_path, None)
    probability = engine.run(batch)["probability"]
    assert probability.dtype == np.float32
    assert engine.name in ENGINES
    np.testing.assert_allclose(probability, expected(batch), atol=5 * TOLERANCE[engine.precision])


@every_engine
def test_exact_is_float32(name: str, batch: np.ndarray, segmenter_bundle: Bundle) -> None:
    engine = ENGINES[name](segmenter_bundle.model_path, exact=True)
    assert engine.precision == "float32"
    np.testing.assert_allclose(engine.run(batch)["probability"], expected(batch), atol=1e-5)


@every_engine
def test_any_number_of_images_goes_in_one_batch(
    name: str, batch: np.ndarray, classifier_bundle: Bundle
) -> None:
    engine = ENGINES[name](classifier_bundle.model_path, 1)
    together = engine.run(batch)["probability"]
    single = [engine.run(image[np.newaxis])["probability"][0] for image in batch]
    assert together.shape == (3,)
    np.testing.assert_allclose(together, single, atol=1e-6)


@every_engine
def test_a_model_that_tells_more_is_heard_by_name(
    name: str, batch: np.ndarray, telling_bundle: Bundle
) -> None:
    engine = ENGINES[name](telling_bundle.model_path, exact=True)
    assert engine.outputs == ("probability", "diagnoses", "heat")
    told = engine.run(batch)
    assert set(told) == {"probability", "diagnoses", "heat"}
    logit = (150 - batch.mean((1, 2, 3))) / 10
    np.testing.assert_allclose(told["probability"], 1 / (1 + np.exp(-logit)), atol=1e-5)
    logits = np.stack([0 * logit, logit, 0 * logit - 1], axis=1)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(told["diagnoses"], shares, atol=1e-5)
    few = batch.mean(axis=-1)[:, 4::8, 4::8]
    np.testing.assert_allclose(told["heat"], (150 - few) / 10, atol=1e-4)


@every_engine
def test_only_what_is_wanted_is_given(
    name: str, batch: np.ndarray, telling_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    telling = ENGINES[name](telling_bundle.model_path)
    for wanted in (("probability",), ("heat",), ("heat", "probability")):
        assert set(telling.run(batch, wanted)) == set(wanted)
    of_before = ENGINES[name](classifier_bundle.model_path)
    assert of_before.outputs == ("probability",)
    assert set(of_before.run(batch)) == {"probability"}
    assert set(of_before.run(batch, ("probability", "heat"))) == {"probability"}


@every_engine
@pytest.mark.parametrize("at_once", [1, 2])
def test_answers_do_not_mix_between_threads(
    name: str, at_once: int, batch: np.ndarray, segmenter_bundle: Bundle
) -> None:
    engine = ENGINES[name](segmenter_bundle.model_path, None, at_once=at_once)
    alone = [engine.run(image[np.newaxis])["probability"] for image in batch]
    order = [index for _ in range(20) for index in range(len(batch))]
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda index: engine.run(batch[index : index + 1])["probability"], order)
        for index, answer in zip(order, answers, strict=True):
            np.testing.assert_array_equal(answer, alone[index])


FIRST_AT_ONCE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from lentigo.runtime.engines import ENGINES

engine = ENGINES[sys.argv[1]](Path(sys.argv[2]), at_once=4)
batch, ready = np.zeros((1, 48, 64, 3), np.uint8), threading.Barrier(4)
sys.setswitchinterval(1e-6)

def run(_):
    ready.wait()
    engine.run(batch)

with ThreadPoolExecutor(4) as pool:
    list(pool.map(run, range(4)))
"""


@every_engine
def test_the_first_calls_of_a_process_may_come_at_once(name: str, segmenter_bundle: Bundle) -> None:
    # OpenVINO's hung for good in half of such processes.
    command = [sys.executable, "-c", FIRST_AT_ONCE, name, str(segmenter_bundle.model_path)]
    for _ in range(5):
        subprocess.run(command, check=True, timeout=60)


TOLD_TO_END_AFTER_TWO = """
import gc, signal, sys
from pathlib import Path
from lentigo.runtime.engines import ENGINES

engines = [ENGINES[sys.argv[1]](Path(sys.argv[2])) for _ in range(2)]
while engines:
    del engines[0]
    gc.collect()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
signal.raise_signal(signal.SIGTERM)
"""


@every_engine
def test_a_process_that_let_engines_go_can_still_be_told_to_end(
    name: str, segmenter_bundle: Bundle
) -> None:
    # OpenVINO's left signals a stack that was gone: the process died of the next one.
    command = [sys.executable, "-c", TOLD_TO_END_AFTER_TWO, name, str(segmenter_bundle.model_path)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 7


@every_engine
def test_a_file_that_is_no_model_is_an_error(name: str, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"not a model")
    with pytest.raises(BundleError, match=r"model\.onnx: .* cannot load it"):
        ENGINES[name](model, None)


def test_an_unknown_engine_lists_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="auto, onnxruntime, openvino"):
        ENGINES["tensorrt"]
