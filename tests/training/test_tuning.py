"""What tuning fits on is what use computes."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from lentigo.bundle import Bundle, BundleSpec, OperatingPoint, write_bundle
from lentigo.data.prepared import fit
from lentigo.imaging.outline_quality import OutlineFeatures
from lentigo.runtime.segmenter import Segmenter
from lentigo.training import tuning
from lentigo.training.data import Part
from lentigo.training.tuning import tune

Outlines = list[tuple[OutlineFeatures | None, float]]
SIZE_PX = (64, 64)


class Dark(nn.Module):
    """The tests' segmenter in torch: darker than mid-grey is lesion."""

    task = "segmentation"

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))  # tells the device

    def forward(self, pixels: Tensor) -> Tensor:
        return (128 - pixels.mean(1, keepdim=True)) / 10


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Sixty photos and masks, upright, lying and square: dark blots, the more faint the worse."""
    folder, chance = tmp_path_factory.mktemp("blots"), np.random.default_rng(0)
    pairs = []
    for i in range(60):
        height, width = ((90, 120), (120, 90), (100, 100))[i % 3]
        rows, columns = np.ogrid[:height, :width]
        distance_px = np.hypot(rows - chance.uniform(0, height), columns - width / 2)
        lesion = distance_px < chance.uniform(15, 40)
        grey = np.where(lesion, chance.uniform(40, 132), 190) + chance.normal(0, 9, lesion.shape)
        paths = str(folder / f"{i}.png"), str(folder / f"{i}_mask.png")
        rgb = np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(rgb).save(paths[0])
        Image.fromarray(lesion.astype(np.uint8) * 255).save(paths[1])
        pairs.append(paths)
    return pairs


@pytest.fixture(scope="module")
def part(photos: list[tuple[str, str]]) -> Part:
    pixels, masks = zip(*(fit(*pair, SIZE_PX) for pair in photos), strict=True)
    everything = np.arange(len(photos))
    return Part(np.stack(pixels), np.stack(masks).astype(np.uint8), everything, 0.0 * everything)


def test_an_outline_is_told_by_the_same_numbers_in_tuning_and_in_use(
    photos: list[tuple[str, str]],
    part: Part,
    segmenter_bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: Outlines = []
    whole = tuning.fit_quality_model

    def listen(outlines: Iterable[tuple[OutlineFeatures | None, float]]) -> object:
        told.extend(outlines)
        return whole(told)

    monkeypatch.setattr(tuning, "fit_quality_model", listen)
    fields = segmenter_bundle.spec.model_dump() | tune(Dark(), part, batch_size=7)
    spec = BundleSpec.model_validate(fields)
    bundle = write_bundle(tmp_path / "b", spec, {"model.onnx": segmenter_bundle.model_path})
    segmenter = Segmenter(bundle, "onnxruntime")
    assert spec.outline_quality is not None
    in_tuning = [spec.outline_quality.expected_jaccard(features) for features, _ in told]
    in_use = [segmenter.segment(Path(photo)).expected_jaccard for photo, _ in photos]
    assert in_use == pytest.approx(in_tuning, abs=1e-4)
    jaccard = np.array([value for _, value in told])
    assert np.corrcoef(in_use, jaccard)[0, 1] > 0.5


def test_a_small_validation_part_gives_no_forecast(part: Part) -> None:
    few = Part(part.images, part.masks, part.rows[:20], part.labels[:20])
    tuned = tune(Dark(), few, batch_size=7)
    assert tuned["outline_quality"] is None
    assert tuned["operating_points"]["max-dice"]["threshold"] > 0


class DarkIsMalignant(Dark):
    task = "classification"

    def forward(self, pixels: Tensor) -> Tensor:
        return (128 - pixels.mean((1, 2, 3))[:, None]) / 10


def test_a_classifier_s_points_promise_what_their_lesions_bear_out() -> None:
    grey = np.random.default_rng(0).integers(60, 200, 90)
    pixels = np.broadcast_to(grey[:, None, None, None], (90, 8, 8, 3)).astype(np.uint8)
    labels = (grey < 120).astype(np.float32)
    lesions = tuple(f"lesion {i // 3}" for i in range(90))
    malignant_lesions = len({name for name, bad in zip(lesions, labels, strict=True) if bad})
    part = Part(pixels, None, np.arange(90), labels, groups=lesions)
    tuned = tune(DarkIsMalignant(), part, batch_size=16)
    points = {name: OperatingPoint(**fields) for name, fields in tuned["operating_points"].items()}
    promised = points["sensitivity-90"].guarantee
    assert promised is not None
    assert promised.n_malignant_lesions == malignant_lesions < labels.sum()
    assert 0.5 < promised.sensitivity < promised.expected_sensitivity
    assert points["balanced"].guarantee is None
    json.dumps(tuned, allow_nan=False)
