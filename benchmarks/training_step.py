"""Training the first study's net against Keras and plain PyTorch: a step, a phase, the recipe.

``vgg-segnet`` at 256², batches of 32, each of the recipe's three phases. Each way trains in a
process of its own with a thread a core, an epoch of one step a turn, on drawn images. All have the
same layers, losses and optimiser and freeze the same; weights are random, which costs the same.
Lentigo's way is ``lentigo train`` itself. Phases and recipe are extrapolated from these epochs.

The limit is a step's arithmetic at the rate of a large matrix product, in Lentigo's type.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from side_by_side import options, ratio, write
from taking_turns import started
from training_figures import (
    OWN,
    Images,
    Trains,
    against,
    divided,
    first_pass_seconds,
    in_turns,
    phase_seconds,
)
from training_limit import MatrixProduct, flop_of_step, kept_parts, precision_of

from lentigo.synthetic import draw_lesion
from lentigo.training.recipe import Recipe, read_recipe

RECIPE = Path(__file__).parents[1] / "recipes/segmentation-study/01-three-phases-b2.yaml"
STUDY_IMAGES = 1800  # ISIC 2017's training images, which the study divides by 70 to 30
LIMIT = "matrix product"


def draw(folder: Path, images: Images, side_px: int) -> None:
    """Write lesions and their masks as arrays, and as files with a table of them."""
    drawn = [
        draw_lesion(seed, (side_px, side_px), fitzpatrick=1 + seed % 6)
        for seed in range(images.together)
    ]
    np.save(folder / "images.npy", np.stack([one.image for one in drawn]))
    np.save(folder / "masks.npy", np.stack([one.mask for one in drawn]))
    lines = ["path,mask"]
    for at, one in enumerate(drawn):
        Image.fromarray(one.image).save(folder / f"{at:03d}.png", compress_level=1)
        Image.fromarray(one.mask).save(folder / f"{at:03d}-mask.png")
        lines.append(f"{at:03d}.png,{at:03d}-mask.png")
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def changed_for(images: Images, batch: int, epochs: int, phases: int) -> tuple[str, ...]:
    """Return what is changed of the recipe, so that it trains on drawn images."""
    share = images.train / images.together
    return (
        "data.source=csv",
        "data.hold_out=null",
        "data.subset=null",
        f"data.split={{train: {share}, validation: {1 - share}, by: image}}",
        "net.pretrained=null",
        f"batch_size={batch}",
        *(f"phases.{at}.epochs={epochs}" for at in range(phases)),
    )


def modules(
    folder: Path, recipe: Recipe, images: Images, changes: tuple[str, ...], threads: int
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the module that is each way, with its settings."""
    for_peers = {
        "threads": threads,
        "images": str(folder / "images.npy"),
        "masks": str(folder / "masks.npy"),
        "train": images.train,
        "batch": images.train,
        "phases": [
            phase.model_dump(include={"unfreeze", "learning_rate"}) | {"loss": phase.loss.name}
            for phase in recipe.phases
        ],
    }
    own = {
        "threads": threads,
        "recipe": str(RECIPE),
        "changes": changes,
        "root": str(folder),
        "out": str(folder / "run"),
        "cache": str(folder / "cache"),
    }
    return {
        "Keras, float32": ("peers.keras_segmentation", for_peers),
        "PyTorch, float32": ("peers.torch_segmentation", for_peers),
        OWN: ("own_training", own),
    }


def measure(
    ways: Mapping[str, Trains], product: MatrixProduct, recipe: Recipe, images: Images, rounds: int
) -> dict[str, Any]:
    """Let all ways train each phase in turns.

    Args:
        ways: The ways of training.
        product: The limit.
        recipe: The study's.
        images: How many there are in each epoch that is measured: one step of training.
        rounds: How many epochs of each phase are measured.
    """
    whole = divided(STUDY_IMAGES, recipe)
    recipe_s = {name: np.zeros(rounds) for name in ways}
    phases = {}
    for at, phase in enumerate(recipe.phases):
        told = in_turns({**ways, LIMIT: product}, at, rounds)
        print(f"{phase.name}: done", flush=True)
        product_s = np.array([one["train_s"] for one in told.pop(LIMIT)])
        step_s = {name: [one["train_s"] for one in answers] for name, answers in told.items()}
        flop, kept = flop_of_step(recipe, phase, images.train), kept_parts(recipe, phase)
        views = 1 if kept else None
        phase_s = {
            name: phase_seconds(answers, phase.epochs, images.train, images, whole, views)
            for name, answers in told.items()
        }
        for name, seconds in phase_s.items():
            recipe_s[name] += seconds
        phases[phase.name] = {
            "epochs": phase.epochs,
            "unfrozen": phase.unfreeze,
            "kept_blocks": kept,
            "first_pass_s": first_pass_seconds(told[OWN]) if kept else 0.0,
            "step": against(step_s),
            "gflop_a_step": flop / 1e9,
            "product_tflop_a_second": product.flop / 1e12 / float(np.median(product_s)),
            "of_limit": ratio(product_s * (flop / product.flop), step_s[OWN]),
            "phase": against(phase_s),
            "epochs_measured": told,
        }
    return {
        "phases": phases,
        "whole_recipe": against({name: list(s) for name, s in recipe_s.items()}),
    }


def about(recipe: Recipe, images: Images, rounds: int, threads: int, side: int) -> dict[str, Any]:
    """Return what was measured, and what it is extrapolated to."""
    whole = divided(STUDY_IMAGES, recipe)
    return {
        "recipe": f"{RECIPE.parent.name}/{RECIPE.name}",
        "size_px": list(recipe.data.size_px),
        "batch": images.train,
        "threads": threads,
        "precision": precision_of(recipe),
        "product_side": side,
        "extrapolated_from": {"epochs_of_each_phase": rounds, **images._asdict()},
        "extrapolated_to": {**whole._asdict(), "steps_an_epoch": whole.train // images.train},
    }


def main() -> None:
    chosen = options(__doc__, rounds=2, batch=32, validation=8, product=4096)
    threads = len(os.sched_getaffinity(0))
    images = Images(chosen.batch, chosen.validation)
    recipe = read_recipe(RECIPE)
    changes = changed_for(images, chosen.batch, chosen.rounds + 1, len(recipe.phases))
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        folder = Path(scratch)
        draw(folder, images, recipe.data.size_px[0])
        product = MatrixProduct(chosen.product, precision_of(recipe), threads)
        with started(modules(folder, recipe, images, changes, threads)) as ways:
            measured = measure(ways, product, recipe, images, chosen.rounds)
    told = about(recipe, images, chosen.rounds, threads, chosen.product)
    write("training_step", told | measured, chosen.out)


if __name__ == "__main__":
    main()
