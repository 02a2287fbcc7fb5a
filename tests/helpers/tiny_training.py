"""A net, a recipe and a listener small enough to train with in a second."""

import json
from pathlib import Path
from typing import ClassVar

import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor, nn

from lentigo.nets import NETS, LesionNet, PooledClassifier
from lentigo.nets.base import Task
from lentigo.training.progress import EpochRecord
from lentigo.training.recipe import Phase, Recipe

SIZE_PX = (32, 32)


def _encoder(dropout: float) -> nn.Sequential:
    """One encoder part with batch norm and dropout: eight features of each place."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(dropout)
    )


if "tiny-segmenter" not in NETS:

    @NETS.register("tiny-segmenter")
    class TinySegmenter(LesionNet):
        task: ClassVar[Task] = "segmentation"
        stride_px: ClassVar[int] = 1

        def __init__(self, dropout: float = 0.2) -> None:
            super().__init__()
            self.encoder = _encoder(dropout)
            self.head = nn.Conv2d(8, 1, 1)

        def encoder_parts(self) -> dict[str, nn.Module]:
            return {"block1": self.encoder}

        def load_encoder(self, state: dict[str, Tensor]) -> None:
            self.encoder.load_state_dict(state)

        def forward(self, pixels: Tensor) -> Tensor:
            logits: Tensor = self.head(self.encoder(self.normalise(pixels)))
            return logits

    @NETS.register("tiny-classifier")
    class TinyClassifier(PooledClassifier):
        stride_px: ClassVar[int] = 1

        def __init__(self, dropout: float = 0.2) -> None:
            super().__init__(_encoder(dropout), 8, dropout=0.0)

        def encoder_parts(self) -> dict[str, nn.Module]:
            return {"block1": self.features}

        def load_encoder(self, state: dict[str, Tensor]) -> None:
            self.features.load_state_dict(state)


class Silent:
    """Hears of everything and does nothing, or stops the run at a step."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.steps = 0
        self.stop_at = stop_at
        self.records: list[EpochRecord] = []
        self.phases: list[tuple[str, str | None]] = []

    def phase(self, phase: Phase, idle: str | None) -> None:
        self.phases.append((phase.name, idle))

    def step(self, phase: Phase, epoch: int, done: int, total: int, loss: float) -> None:
        self.steps += 1
        if self.steps == self.stop_at:
            raise KeyboardInterrupt

    def epoch(self, record: EpochRecord) -> None:
        self.records.append(record)


def recipe_of(task: str, **changes: object) -> Recipe:
    loss = "bce+dice" if task == "segmentation" else "bce"
    tree = {
        "task": task,
        "data": {
            "source": "csv",
            "split": {"train": 0.5, "validation": 0.3, "test": 0.2, "seed": 1},
            "size": list(SIZE_PX),
        },
        "net": {
            "name": "tiny-segmenter" if task == "segmentation" else "tiny-classifier",
            "pretrained": None,
        },
        "batch_size": 2,
        "precision": "fp32",
        "class_weights": None if task == "segmentation" else "balanced",
        "augmentation": {"flips": True, "brightness": 0.1, "rotation_deg": 20},
        "phases": [
            {"name": "head", "epochs": 2, "learning_rate": 0.02, "loss": loss},
            {
                "name": "all",
                "unfreeze": ["all"],
                "epochs": 3,
                "learning_rate": 0.01,
                "loss": loss,
                "schedule": "cosine",
                "plateau": {"factor": 0.5, "patience": 1},
            },
        ],
    }
    return Recipe.model_validate(yaml.safe_load(yaml.safe_dump(tree | changes)))


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    """The last weights and the best ones, all that a run learns."""
    last = torch.load(folder / "checkpoint.pt", weights_only=True)["net"]
    best = load_file(folder / "best.safetensors")
    return {f"last.{k}": v for k, v in last.items()} | {f"best.{k}": v for k, v in best.items()}


def assert_equal_runs(one: Path, other: Path) -> None:
    """Two runs' folders hold the same weights, and the same was chosen on validation."""
    first, second = _weights(one), _weights(other)
    assert first.keys() == second.keys()
    different = [name for name in first if not torch.equal(first[name], second[name])]
    assert different == []
    assert json.loads((one / "tuned.json").read_text()) == json.loads(
        (other / "tuned.json").read_text()
    )
