"""Diagnoses learnt beside malignancy, from the loss to what the torch-free runtime says of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from tiny_training import SIZE_PX, Silent, recipe_of
from torch.nn.functional import cross_entropy

from lentigo.bundle import Bundle
from lentigo.data.labels import HAM10000_CLASSES
from lentigo.errors import TrainingError
from lentigo.imaging.geometry import Letterbox, resize_plane
from lentigo.imaging.heat import positive_share
from lentigo.nets import PooledClassifier, build_net
from lentigo.runtime.classifier import Classifier
from lentigo.synthetic import SyntheticLesion, draw_lesion
from lentigo.training.diagnoses import (
    UNKNOWN,
    balanced_diagnosis_weights,
    check_each_is_shown,
    diagnosis_indices,
    diagnosis_loss,
)
from lentigo.training.export import export
from lentigo.training.folder import RunFolder
from lentigo.training.recipe import Recipe
from lentigo.training.run import train

PHASES = [
    {"name": "p", "unfreeze": ["all"], "epochs": 12, "learning_rate": 0.03, "loss": "bce"},
]
LOGITS = torch.tensor([[4.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-2.0, 0.0, 3.0]])


def test_what_is_not_known_costs_nothing() -> None:
    truth = torch.tensor([0, UNKNOWN, 2, UNKNOWN])
    known = diagnosis_loss(LOGITS[[0, 2]], truth[[0, 2]])
    torch.testing.assert_close(diagnosis_loss(LOGITS, truth), known)
    torch.testing.assert_close(known, cross_entropy(LOGITS[[0, 2]], truth[[0, 2]]))
    logits = LOGITS.clone().requires_grad_()
    nothing = diagnosis_loss(logits, torch.full((4,), UNKNOWN))
    nothing.backward()
    assert nothing.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_weights_make_each_diagnosis_count_alike() -> None:
    truth = torch.tensor([0] * 90 + [1] * 9 + [2] + [UNKNOWN] * 50)
    weights = balanced_diagnosis_weights(truth, 3)
    shares = [(weights[place] * (truth == place).sum()).item() for place in range(3)]
    assert shares == pytest.approx([100 / 3] * 3)
    # A net that knows nothing of any: the rare one pulls as hard as the common.
    logits = torch.zeros(150, 3, requires_grad=True)
    diagnosis_loss(logits, truth, weights).backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad.sum(0), torch.zeros(3), atol=1e-6, rtol=0)


def test_other_names_are_not_known() -> None:
    names = pl.Series(["nv", None, "melanoma", "mel", "nevus"])
    assert diagnosis_indices(names, ("mel", "nv")).tolist() == [1, -1, -1, 0, -1]
    nothing = pl.Series([None, None], dtype=pl.String)
    assert diagnosis_indices(nothing, ("mel", "nv")).tolist() == [-1, -1]


def test_a_diagnosis_that_is_never_shown_is_told() -> None:
    with pytest.raises(TrainingError, match="known to show bcc, vasc"):
        check_each_is_shown(np.array([0, UNKNOWN, 2]), ("mel", "bcc", "nv", "vasc"))


def test_a_recipe_that_cannot_learn_them_is_refused() -> None:
    with pytest.raises(ValueError, match="diagnoses_weight belong to classification"):
        recipe_of("segmentation", diagnoses_weight=0.5)
    assert recipe_of("classification").diagnoses == ()
    assert recipe_of("classification", diagnoses_weight=0.5).diagnoses == HAM10000_CLASSES


@dataclass(frozen=True)
class Told:
    """A run that learnt diagnoses, its bundle, and lesions that it has not seen."""

    run: Path
    recipe: Recipe
    records: Silent
    bundle: Bundle
    unseen: list[SyntheticLesion]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Sixty drawn lesions: malignant ones named in turn by the three, benign ones by the four."""
    root = tmp_path_factory.mktemp("named")
    names = (("nv", "bkl", "df", "vasc"), ("mel", "bcc", "akiec"))
    lines = ["path,label"]
    for seed in range(60):
        lesion = draw_lesion(seed, (48, 64), malignant=bool(seed % 2), fitzpatrick=1 + seed % 6)
        Image.fromarray(lesion.image).save(root / f"i{seed:02}.png")
        of_class = names[seed % 2]
        # One in ten is known as malignant or benign alone, as in a source of fewer diagnoses.
        name = str(seed % 2) if seed // 2 % 10 == 9 else of_class[seed // 2 % len(of_class)]
        lines.append(f"i{seed:02}.png,{name}")
    (root / "table.csv").write_text("\n".join(lines) + "\n")
    recipe = recipe_of("classification", diagnoses_weight=0.3, batch_size=6, phases=PHASES)
    run, records = root / "run", Silent()
    train(recipe, {"csv": root / "table.csv"}, run, records)
    unseen = [draw_lesion(900 + i, (96, 128), malignant=True) for i in range(8)]
    return Told(run, recipe, records, export(run, root / "bundle"), unseen)


def test_both_losses_fall_together(told: Told) -> None:
    first, last = told.records.records[0], told.records.records[-1]
    # Knowing nothing costs ln 2 for malignancy and 0.3 · ln 7 for the diagnoses.
    assert last.train_loss < np.log(2) + 0.3 * np.log(7) < first.train_loss
    assert max(record.score for record in told.records.records) > 0.8


def test_the_bundle_names_them_and_gives_shares_of_torchs_own_softmax(told: Told) -> None:
    assert told.bundle.spec.diagnoses == HAM10000_CLASSES
    classifier = Classifier(told.bundle, "onnxruntime")
    net = net_of(told)
    for lesion in told.unseen:
        shares = classifier.estimate(lesion.image).diagnoses
        assert shares is not None
        batch = as_the_net_sees(lesion.image)
        with torch.no_grad():
            expected = net(torch.from_numpy(batch).permute(0, 3, 1, 2).float())[0, 1:].softmax(0)
        in_order = [shares[name] for name in HAM10000_CLASSES]
        np.testing.assert_allclose(in_order, expected, atol=1e-5)
        malignant = shares["mel"] + shares["bcc"] + shares["akiec"]
        assert malignant > 0.5  # drawn so, and learnt


def test_the_exported_heat_is_torchs_grad_cam(told: Told) -> None:
    engine = Classifier(told.bundle, "onnxruntime").engine
    net = net_of(told)
    for lesion in told.unseen:
        batch = as_the_net_sees(lesion.image)
        maps = net.features(net.normalise(torch.from_numpy(batch).permute(0, 3, 1, 2).float()))
        maps = maps.detach().requires_grad_()
        net.head(maps.mean((2, 3))).sum().backward()
        assert maps.grad is not None
        alpha = maps.grad.sum((2, 3), keepdim=True)  # eq. 1, times the number of places
        grad_cam = (alpha * maps).sum(1).detach().numpy()
        heat = engine.run(batch)["heat"]
        np.testing.assert_allclose(heat, grad_cam, atol=1e-5 * np.abs(grad_cam).max())


def test_the_heat_lies_on_the_lesion(told: Told) -> None:
    classifier = Classifier(told.bundle, "onnxruntime")
    for lesion in told.unseen:
        heat = classifier.estimate(lesion.image).heat
        assert heat is not None
        shown = positive_share(resize_plane(heat.values, lesion.mask.shape))
        assert shown[lesion.mask].mean() > 3 * shown[~lesion.mask].mean()


def test_a_run_stopped_and_resumed_learns_the_same(told: Told, tmp_path: Path) -> None:
    root = {"csv": told.run.parent / "table.csv"}
    with pytest.raises(KeyboardInterrupt):
        train(told.recipe, root, tmp_path / "run", Silent(stop_at=22))
    train(told.recipe, root, tmp_path / "run", Silent(), resume=True)
    once, twice = (RunFolder(path).load_best() for path in (told.run, tmp_path / "run"))
    assert all(torch.equal(value, twice[name]) for name, value in once.items())
    assert "diagnosis_head.1.weight" in once


def test_data_without_diagnoses_cannot_teach_them(drawn_root: Path, tmp_path: Path) -> None:
    recipe = recipe_of("classification", diagnoses_weight=0.3)
    with pytest.raises(TrainingError, match="no training image is known to show mel, nv"):
        train(recipe, {"csv": drawn_root}, tmp_path / "run", Silent())


def net_of(told: Told) -> PooledClassifier:
    net = build_net("tiny-classifier")
    assert isinstance(net, PooledClassifier)
    net.add_diagnoses(len(HAM10000_CLASSES))
    net.load_state_dict(RunFolder(told.run).load_best())
    return net.eval()


def as_the_net_sees(image: np.ndarray) -> np.ndarray:
    return Letterbox(image.shape[:2], SIZE_PX).image(image)[np.newaxis]
