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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from side_by_side import options, write
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
from training_limit import kept_parts, precision_of

from lentigo.synthetic import draw_lesion
from lentigo.training.recipe import Recipe, read_recipe

RECIPE = Path(__file__).parents[1] / "recipes/classification-study/mended.yaml"
HAM10000_IMAGES = 10_015
PHOTO_PX = (150, 200)
CAMERA_QUALITY = 92
MALIGNANT_EVERY = 5  # a fifth, as in HAM10000
IMAGES_STEP = 25  # both classes are divided by 80 to 20 with nothing left over
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
        # Splitting and decoding come before the first stage; Keras decodes as it goes.
        starts = {
            name: answers[0].get("start_s", 0.0) * whole.together / images.together if not at else 0
            for name, answers in told.items()
        }
        epoch_s = {
            name: [
                (starts[name] + stage_s) / phase.epochs
                for stage_s in phase_seconds(
                    answers, phase.epochs, batch, images, whole, VIEWS.get(name)
                )
            ]
            for name, answers in told.items()
        }
        own = {}
        for name, views in VIEWS.items():
            viewed = read_recipe(RECIPE, (f"phases.{at}.views={views or 'null'}",))
            own[name] = {
                "kept_blocks": kept_parts(viewed, viewed.phases[at]),
                "start_s": starts[name],
                "first_pass_s": first_pass_seconds(told[name]),
                "front_s": told[name][0]["front_s"],
                "epoch": against({way: epoch_s[way] for way in (KERAS, name)}, name),
            }
        stages[phase.name] = {"epochs": phase.epochs, "own": own, "epochs_measured": told}
    return stages


def main() -> None:
    chosen = options(__doc__, rounds=3, batch=32, images=2_000)
    threads = len(os.sched_getaffinity(0))
    images = Images(chosen.images * 4 // 5, chosen.images // 5)
    if chosen.images % IMAGES_STEP or images.train % chosen.batch:
        raise SystemExit(
            f"--images {chosen.images}: expected a multiple of {IMAGES_STEP} of which four fifths, "
            f"for training, are whole batches of {chosen.batch}"
        )
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
