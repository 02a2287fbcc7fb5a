"""A study of tiny nets on drawn lesions, and results made up by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from PIL import Image
from tiny_training import Silent, recipe_of

from lentigo.study.results import Record, Result
from lentigo.study.schema import Claim, Row, Study
from lentigo.synthetic import draw_lesion
from lentigo.training.progress import EpochRecord
from lentigo.training.recipe import Recipe

HOLD_OUT = {"share": 0.25, "seed": 1}


def draw_table(folder: Path, count: int = 24) -> Path:
    """Draw lesions as a ``csv`` source, with a list of the first half as a subset."""
    folder.mkdir(parents=True)
    lines = ["path,mask,image_id"]
    for seed in range(count):
        lesion = draw_lesion(seed, (48, 64), fitzpatrick=1 + seed % 6)
        Image.fromarray(lesion.image).save(folder / f"i{seed:02}.png")
        Image.fromarray(lesion.mask).save(folder / f"m{seed:02}.png")
        lines.append(f"i{seed:02}.png,m{seed:02}.png,i{seed:02}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    halves = [f"i{seed:02},{'first' if seed < count * 2 // 3 else 'last'}" for seed in range(count)]
    (folder / "half.txt").write_text("\n".join(["image_id,half", *halves]) + "\n")
    return folder / "table.csv"


def draw_diagnoses(folder: Path, lesions: int = 24) -> Path:
    """Draw lesions, every second malignant and every third with two images, as a ``csv`` source."""
    folder.mkdir(parents=True)
    lines = ["path,label,group,image_id"]
    for seed in range(lesions):
        for copy in range(2 if seed % 3 == 0 else 1):
            name, malignant = f"i{seed:02}{'ab'[copy]}", seed % 2
            lesion = draw_lesion(seed + 100 * copy, (48, 64), malignant=bool(malignant))
            Image.fromarray(lesion.image).save(folder / f"{name}.png")
            lines.append(f"{name}.png,{malignant},lesion{seed:02},{name}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder / "table.csv"


def tiny_recipe(
    *,
    task: str = "segmentation",
    size: int = 32,
    epochs: int = 2,
    data: Any = None,
    **changes: Any,
) -> Recipe:
    tree = {
        "source": "csv",
        "hold_out": HOLD_OUT,
        "split": {"train": 0.6, "validation": 0.4, "seed": 1},
        "size": size,
    }
    phases = [
        {"name": "all", "unfreeze": ["all"], "epochs": epochs, "learning_rate": 0.02, "loss": "bce"}
    ]
    changes = {"augmentation": {}, "phases": phases} | changes
    return recipe_of(task, data=tree | (data or {}), **changes)


def tiny_study(names: Sequence[str], claims: Sequence[tuple[str, str]] = ()) -> Study:
    return Study(
        title="Tiny nets",
        citation="Drawn by hand.",
        reference=names[0],
        rows=tuple(
            Row(
                recipe=name,
                label=f"Row {name}",
                reported={"dice": 0.9, "jaccard": 0.8 - 0.01 * i} if i < 2 else None,
            )
            for i, name in enumerate(names)
        ),
        claims=tuple(
            Claim(text=f"{better} beats {than}", better=better, than=than)
            for better, than in claims
        ),
    )


def write_study(folder: Path, study: Study, recipes: Mapping[str, Recipe]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(yaml.safe_dump(study.model_dump(mode="json")))
    for name, recipe in recipes.items():
        (folder / f"{name}.yaml").write_text(recipe.to_yaml())
    return folder


class Watcher(Silent):
    """Hears of runs, and stops the study at a step."""

    def __init__(self, stop_at: int | None = None) -> None:
        super().__init__(stop_at)
        self.runs: list[tuple[str, int]] = []

    def run(self, name: str, seed: int, number: int, total: int) -> None:
        self.runs.append((name, seed))

    def prepared(self, done: int, total: int) -> None:
        pass


def image_table(jaccard: Sequence[float], groups: Sequence[str] | None = None) -> pl.DataFrame:
    """A result's table with these Jaccards, of images of 1,000 lesion pixels, none in excess."""
    found = np.round(1000 * np.asarray(jaccard)).astype(np.int64)
    ids = [f"i{i:03}" for i in range(len(found))]
    return pl.DataFrame(
        {
            "image_id": ids,
            "group": list(groups or ids),
            "tp": found,
            "fp": np.zeros_like(found),
            "fn": 1000 - found,
            "tn": np.full_like(found, 500),
            "dice": 2 * found / (1000 + found),
            "jaccard": found / 1000,
        }
    )


def made_result(jaccard: Sequence[float], weights: str = "ImageNet") -> Result:
    epochs = tuple(
        EpochRecord(phase, i + 1, 0.1, 1.0 / (i + 1), 1.2 / (i + 1), 0.2 * (i + 1), True, 3.0)
        for i, phase in enumerate(("decoder", "decoder", "block5"))
    )
    record = Record(
        recipe=tiny_recipe(),
        weights=weights,
        parameters=1_234_567,
        gmacs=1.5,
        n_train=10,
        n_validation=5,
        device="cpu",
        engine="onnxruntime (f32)",
        history=epochs,
    )
    return Result(record, image_table(jaccard), image_table([0.5, 0.7]))


def labels_table(
    malignant: Sequence[bool], probability: Sequence[float], groups: Sequence[str] | None = None
) -> pl.DataFrame:
    """A classification result's table."""
    ids = [f"i{i:03}" for i in range(len(malignant))]
    return pl.DataFrame(
        {
            "image_id": ids,
            "group": list(groups or ids),
            "malignant": list(malignant),
            "probability": list(map(float, probability)),
        }
    )


def made_diagnoses(test: pl.DataFrame, validation: pl.DataFrame) -> Result:
    record = made_result([0.5]).record.model_copy(
        update={"recipe": tiny_recipe(task="classification")}
    )
    return Result(record, test, validation)
