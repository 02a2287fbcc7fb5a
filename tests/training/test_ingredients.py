"""All that a classifier can be trained with, at once: a stopped run goes on to the same weights."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_training import Silent, assert_equal_runs, recipe_of

from lentigo.data.splits import read_split
from lentigo.synthetic import draw_lesion
from lentigo.training.recipe import Recipe
from lentigo.training.run import train

EVERY_CHANGE = {
    "flips": True, "rotation_deg": 180, "scale": 1.3, "aspect": 1.2, "shift": 0.1,
    "brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "tint": 0.1, "resolution": 0.3,
    "gamma": 1.5, "vignette": 0.5, "blur": 0.03, "noise": 20, "hair": 0.7, "ruler": 0.5,
    "tube": 0.5, "cutout": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def roots(drawn_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The drawn lesions, and as a further source a folder of others, a third of them melanomas."""
    other = tmp_path_factory.mktemp("other")
    for seed in range(40, 52):
        path = other / ("melanoma" if seed % 3 == 0 else "nevus") / f"{seed}.png"
        path.parent.mkdir(exist_ok=True)
        lesion = draw_lesion(seed, (48, 64), malignant=seed % 3 == 0)
        Image.fromarray(lesion.image).save(path)
        Image.fromarray(lesion.mask).save(path.with_name(f"{seed}_mask.png"))
    return {"csv": drawn_root, "folder": other}


def recipe(**changes: object) -> Recipe:
    data = recipe_of("classification").data.model_dump(mode="json")
    phase = {"unfreeze": ["all"], "epochs": 2, "learning_rate": 0.01, "schedule": "cosine"}
    focal = {"name": "focal", "gamma": 1, "alpha": 0.6}
    ldam = {"name": "ldam", "margin": 1}
    everything = {
        "data": data | {
            "further": {"source": "folder", "share": 0.4},
            "region": {"kind": "crop+mask", "context": 0.3},
        },
        "class_weights": None,
        "sampling": "balanced",
        "mixup": 0.4,
        "label_smoothing": 0.1,
        "ema": 0.9,
        "augmentation": EVERY_CHANGE,
        "phases": [
            phase | {"name": "focal", "loss": focal},
            phase | {"name": "ldam", "loss": ldam},
        ],
    }  # fmt: skip
    return recipe_of("classification", **everything | changes)


@pytest.fixture(scope="module")
def whole(roots: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never stopped."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(recipe(), roots, out, Silent())
    return out


@pytest.mark.parametrize("stop_at", [9, 21])
def test_a_run_with_everything_is_resumed_to_the_same_weights(
    stop_at: int, whole: Path, roots: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "halted"
    with pytest.raises(KeyboardInterrupt):
        train(recipe(), roots, out, Silent(stop_at))
    train(recipe(), roots, out, Silent(), resume=True)
    assert_equal_runs(whole, out)


def test_a_further_sources_images_are_trained_on_alone(whole: Path) -> None:
    split = read_split(whole / "split.csv")
    parts = dict(split.group_by("part").len().iter_rows())
    assert parts["further"] == 12
    further = split.filter(split["part"] == "further")["image_id"]
    assert all("/" in image_id for image_id in further)  # of the class folders


@pytest.mark.parametrize(
    "changes",
    [
        {"sampling": None},
        {"mixup": 0.0},
        {"label_smoothing": 0.0},
        {"ema": 0.0},
        {"data": recipe().data.model_dump(mode="json") | {"further": None}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_each_ingredient_changes_what_is_learned(
    changes: dict[str, object], whole: Path, roots: dict[str, Path], tmp_path: Path
) -> None:
    train(recipe(**changes), roots, tmp_path / "run", Silent())
    first, other = (
        torch.load(path / "checkpoint.pt", weights_only=True)["net"]
        for path in (whole, tmp_path / "run")
    )
    assert not torch.equal(first["head.1.weight"], other["head.1.weight"])
