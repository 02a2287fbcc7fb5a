"""Training the second study's net in its two stages against Keras with ``ImageDataGenerator``.

MobileNetV2 at 224², batches of 32: first the head, then the last blocks too, with the same changes
of images. Each way trains in a process of its own with a thread a core, a small epoch a turn, on
drawn photos of 200×150. Keras decodes them at every epoch; Lentigo's way is ``lentigo train``
itself, once as the recipe has it, and once with so many fixed views of each image, of which the
frozen blocks' features are kept (``views``). Seconds an epoch are means over a stage of the recipe
on HAM10000's images, extrapolated, with all that is done once before it: splitting, decoding, and
the frozen blocks' first pass.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from side_by_side import options, write
from taking_turns import started
from training_figures import (
    OWN,
    Answer,
    Images,
    Trains,
    against,
    divided,
    first_pass_seconds,
    in_turns,
    phase_seconds,
)
from training_limit import kept_parts, precision_of

from lentigo.synthetic import draw_lesion
from lentigo.training.recipe import Recipe, read_recipe

RECIPE = Path(__file__).parents[1] / "recipes/classification-study/mended.yaml"
HAM10000_IMAGES = 10_015
PHOTO_PX = (150, 200)
CAMERA_QUALITY = 92
MALIGNANT_EVERY = 5  # a fifth, as in HAM10000
KERAS = "Keras, float32"
KERAS_UNFREEZES_FROM = (154, 116)  # nothing; the recipe's blocks (see there)
VIEWS = {OWN: 0, f"{OWN}, views: 1": 1, f"{OWN}, views: 5": 5}


def draw(folder: Path, images: int) -> None:
    """Write photos into a folder a class."""
    for name in ("nevus", "melanoma"):
        (folder / name).mkdir(parents=True)
    for seed in range(images):
        malignant = seed % MALIGNANT_EVERY == 0
        drawn = draw_lesion(seed, PHOTO_PX, fitzpatrick=1 + seed % 6, malignant=malignant)
        path = folder / ("melanoma" if malignant else "nevus") / f"{seed:05d}.jpg"
        Image.fromarray(drawn.image).save(path, quality=CAMERA_QUALITY)


def changed_for(images: Images, batch: int, epochs: int, views: int) -> tuple[str, ...]:
    """Return what is changed of the recipe, so that it trains on drawn photos."""
    share = images.train / images.together
    return (
        "data.source=folder",
        "data.hold_out=null",
        f"data.split={{train: {share}, validation: {1 - share}, by: image}}",
        "net.pretrained=null",
        f"batch_size={batch}",
        *(
            f"phases.{at}.{key}={value}"
            for at in range(len(KERAS_UNFREEZES_FROM))
            for key, value in (
                ("epochs", epochs),
                ("early_stopping", "null"),
                ("views", views or "null"),
            )
        ),
    )


def modules(
    folder: Path, recipe: Recipe, images: Images, batch: int, epochs: int, threads: int
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the module that is each way, with its settings."""
    keras = {
        "threads": threads,
        "root": str(folder / "photos"),
        "size_px": recipe.data.size_px[0],
        "batch": batch,
        "validation_share": images.validation / images.together,
        "phases": [
            {"unfreeze_from": first, "learning_rate": phase.learning_rate}
            for first, phase in zip(KERAS_UNFREEZES_FROM, recipe.phases, strict=True)
        ],
    }
    own = {
        name: (
            "own_training",
            {
                "threads": threads,
                "recipe": str(RECIPE),
                "changes": changed_for(images, batch, epochs, views),
                "root": str(folder / "photos"),
                "out": str(folder / f"run-{views}"),
                "cache": str(folder / f"cache-{views}"),
            },
        )
        for name, views in VIEWS.items()
    }
    return {KERAS: ("peers.keras_classification", keras), **own}


def measure(
    ways: Mapping[str, Trains], recipe: Recipe, images: Images, batch: int, rounds: int
) -> dict[str, Any]:
    """Let all ways train each stage in turns; return the seconds of an epoch of each."""
    whole = divided(HAM10000_IMAGES, recipe)
    stages = {}
    for at, phase in enumerate(recipe.phases):
        told = in_turns(ways, at, rounds)
        print(f"{phase.name}: done", flush=True)
        keras_s = _epoch_seconds(told[KERAS], phase.epochs, batch, images, whole)
        own = {}
        for name, views in VIEWS.items():
            own_s = _epoch_seconds(told[name], phase.epochs, batch, images, whole, views)
            viewed = read_recipe(RECIPE, (f"phases.{at}.views={views or 'null'}",))
            own[name] = {
                "views": views,
                "kept_blocks": kept_parts(viewed, viewed.phases[at]),
                "first_pass_s": first_pass_seconds(told[name]) if views else 0.0,
                "epoch": against({KERAS: keras_s, name: own_s}, name),
            }
        stages[phase.name] = {"epochs": phase.epochs, "own": own, "epochs_measured": told}
    return stages


def _epoch_seconds(
    told: Sequence[Answer], epochs: int, batch: int, images: Images, whole: Images, views: int = 0
) -> list[float]:
    """Return the mean seconds of a stage's epochs, with what is done once before them."""
    start_s = told[0].get("start_s", 0.0) * whole.together / images.together
    stage_s = phase_seconds(told, epochs, batch, images, whole, views)
    return [(start_s + one) / epochs for one in stage_s]


def main() -> None:
    chosen = options(__doc__, rounds=3, batch=32, images=320)
    threads = len(os.sched_getaffinity(0))
    images = Images(chosen.images * 4 // 5, chosen.images - chosen.images * 4 // 5)
    recipe = read_recipe(RECIPE)
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        folder = Path(scratch)
        draw(folder / "photos", chosen.images)
        parts = modules(folder, recipe, images, chosen.batch, chosen.rounds + 1, threads)
        with started(parts) as ways:
            stages = measure(ways, recipe, images, chosen.batch, chosen.rounds)
    whole = divided(HAM10000_IMAGES, recipe)
    about = {
        "recipe": f"{RECIPE.parent.name}/{RECIPE.name}",
        "size_px": list(recipe.data.size_px),
        "batch": chosen.batch,
        "threads": threads,
        "precision": precision_of(recipe),
        "extrapolated_from": {"epochs_of_each_stage": chosen.rounds, **images._asdict()},
        "extrapolated_to": whole._asdict(),
        "stages": stages,
    }
    write("training_classifier", about, chosen.out)


if __name__ == "__main__":
    main()
