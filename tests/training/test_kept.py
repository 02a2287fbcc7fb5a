import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_training import Silent, assert_equal_runs, recipe_of
from torch import Tensor

from lentigo.errors import RecipeError, TrainingError
from lentigo.nets import build_net
from lentigo.nets.mobilenetv2 import MobileNetV2
from lentigo.training import kept
from lentigo.training.batch import training_batch
from lentigo.training.data import Part
from lentigo.training.front import Ask, frozen_front
from lentigo.training.recipe import Recipe
from lentigo.training.run import check_names, train

HEAD = {"name": "head", "epochs": 3, "learning_rate": 0.02, "loss": "bce"}
LAST = {"name": "last", "unfreeze": ["block18"], "epochs": 2, "learning_rate": 0.01, "loss": "bce"}


def recipe(*phases: dict[str, Any], **changes: Any) -> Recipe:
    plain: dict[str, Any] = {
        "net": {"name": "mobilenetv2", "pretrained": None},
        "precision": "fp32",  # in which both ways can be told apart from rounding
        "augmentation": {},
        "phases": list(phases),
    }
    return recipe_of("classification", **(plain | changes))


def run(how: Recipe, root: Path, out: Path, listener: Silent | None = None, **more: Any) -> Silent:
    listener = listener or Silent()
    train(how, {"csv": root}, out, listener, **more)
    return listener


def weights(folder: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(folder / "checkpoint.pt", weights_only=True)["net"]
    return state


@pytest.mark.parametrize("augmentation", [{}, {"flips": True, "brightness": 0.3}])
def test_a_front_asked_apart_trains_the_same_net(
    augmentation: dict[str, Any], drawn_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = recipe(HEAD, LAST, augmentation=augmentation)
    fast = run(how, drawn_root, tmp_path / "fast")
    assert not (tmp_path / "fast" / "kept" / "0").exists()
    monkeypatch.setattr(MobileNetV2, "frozen_front", lambda _: 0)
    slow = run(how, drawn_root, tmp_path / "slow")
    for one, other in zip(fast.records, slow.records, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-4)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-4)
    torch.testing.assert_close(weights(tmp_path / "fast"), weights(tmp_path / "slow"))


@pytest.mark.parametrize(
    ("augmentation", "training_images"), [({}, 10), ({"flips": True}, HEAD["epochs"] * 10)]
)
def test_a_frozen_front_sees_again_only_what_chance_changes(
    augmentation: dict[str, Any],
    training_images: int,
    drawn_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def watched(*front: Any) -> Ask:
        ask = frozen_front(*front)

        def counted(pixels: Tensor) -> tuple[Tensor, ...]:
            seen.append(len(pixels))
            return ask(pixels)

        return counted

    monkeypatch.setattr(kept, "frozen_front", watched)
    run(recipe(HEAD, augmentation=augmentation), drawn_root, tmp_path / "run")
    one_to_learn_the_size = 1
    assert sum(seen) == training_images + 6 + one_to_learn_the_size


def test_epochs_take_the_views_in_turn(drawn_root: Path) -> None:
    how = recipe(HEAD | {"views": 2}, augmentation={"flips": True, "brightness": 0.3})
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    part = Part(pixels, None, np.arange(5), np.array([0, 1, 0, 1, 1], np.float32))
    net = build_net("mobilenetv2").eval()
    net.unfreeze([])
    folder = drawn_root.parent / "features"
    with kept.front_of(net, how, how.phases[0], part, part, folder, "fp32") as front:
        assert front
        assert front.train
        assert front.views == 2
        for view in range(2):
            chance = torch.Generator().manual_seed(view)
            for chosen in (np.array([0, 1]), np.array([2, 3]), np.array([4])):
                changed, target = training_batch(how, part, chosen, chance)
                expected = net.front(changed, front.parts)
                (features,), kept_target = front.train.take(chosen, view)
                torch.testing.assert_close(features, expected[0])
                torch.testing.assert_close(kept_target, target)
        first, second = (front.train.take(np.arange(5), view)[0][0] for view in range(2))
        assert not torch.equal(first, second)
    assert not folder.exists()


def test_masks_are_kept_as_they_are_taken(drawn_root: Path) -> None:
    net = build_net("vgg-segnet")
    net.unfreeze(["block5"])
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    masks = chance.integers(0, 2, (3, 32, 32), dtype=np.uint8)
    part = Part(pixels, masks, np.arange(3), np.zeros(3, np.float32))
    how = recipe_of("segmentation", net={"name": "vgg-segnet", "pretrained": None}, augmentation={})
    folder = drawn_root.parent / "features"
    with kept.front_of(net, how, how.phases[0], part, part, folder, "fp32") as front:
        assert front
        assert front.train
        images, target = part.take(np.array([2, 0]))
        features, kept_target = front.train.take(np.array([2, 0]))
        torch.testing.assert_close(features, net.front(images, front.parts))
        torch.testing.assert_close(kept_target, target)


def test_a_resumed_run_with_views_equals_one_never_stopped(
    drawn_root: Path, tmp_path: Path
) -> None:
    how = recipe(HEAD | {"views": 2}, LAST, augmentation={"flips": True, "brightness": 0.3})
    run(how, drawn_root, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(how, drawn_root, tmp_path / "halted", Silent(stop_at=8))
    run(how, drawn_root, tmp_path / "halted", resume=True)
    assert_equal_runs(tmp_path / "whole", tmp_path / "halted")


def test_views_that_do_not_fit_are_told(
    drawn_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    how = recipe(HEAD | {"views": 1})
    with pytest.raises(TrainingError, match=r"no room for .* GB .*No space left on device"):
        run(how, drawn_root, tmp_path / "run")
    monkeypatch.undo()
    run(how, drawn_root, tmp_path / "run", resume=True)


def test_a_disk_almost_full_is_left_alone(
    drawn_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10, 10))
    monkeypatch.setattr(kept, "_kept", None)  # it would be called to keep anything
    assert len(run(recipe(HEAD), drawn_root, tmp_path / "run").records) == 3


@pytest.mark.parametrize(
    ("phase", "changes", "told"),
    [
        ({"views": 2, "unfreeze": ["all"]}, {}, "nothing frozen before"),
        ({"views": 2}, {"net": {"name": "tiny-classifier", "pretrained": None}}, "cannot be cut"),
    ],
)
def test_views_need_a_frozen_front(
    phase: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(RecipeError, match=told):
        check_names(recipe(HEAD | phase, **changes))


def test_mixup_needs_the_pixels_that_views_leave_out() -> None:
    with pytest.raises(ValueError, match="mixup and distillation need the pixels"):
        recipe(HEAD | {"views": 2}, mixup=0.2)
