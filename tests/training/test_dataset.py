"""Which images a recipe takes: hold-out, subset and further source never leak into each other."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_training import recipe_of

from lentigo.data.prepared import Prepared
from lentigo.errors import RecipeError
from lentigo.synthetic import draw_lesion
from lentigo.training.dataset import FURTHER, divide, part_of, read_rows
from lentigo.training.recipe import Recipe

SPLIT = {"train": 0.6, "validation": 0.4, "seed": 5}


def recipe(**data: object) -> Recipe:
    return recipe_of(
        "segmentation", data={"source": "csv", "split": SPLIT, "size": [32, 32], **data}
    )


def parts_of(chosen: Recipe, roots: dict[str, Path]) -> dict[str, set[str]]:
    table = divide(chosen, read_rows(chosen, roots), roots)
    assert table["image_id"].is_unique().all()
    return {part: set(rows["image_id"]) for (part,), rows in table.group_by("part")}


@pytest.fixture
def listed_root(drawn_root: Path) -> Path:
    """The drawn lesions' folder, with a list that names every other one."""
    lines = ["image_id,clinic", *(f"i{n:02},{'east' if n % 4 < 2 else 'west'}" for n in range(20))]
    (drawn_root.parent / "clinics.csv").write_text("\n".join(lines) + "\n")
    return drawn_root


def test_the_hold_out_is_the_same_whatever_else_a_recipe_takes(listed_root: Path) -> None:
    held = {"hold_out": {"share": 0.3, "seed": 1}}
    subset = {"subset": {"file": "clinics.csv", "column": "clinic", "values": ["east"]}}
    other_split = {"split": {"train": 0.5, "validation": 0.5, "seed": 9}}
    roots = {"csv": listed_root}
    all_of_it, east, other = (
        parts_of(recipe(**more), roots) for more in (held, held | subset, held | other_split)
    )
    assert all_of_it["test"] == east["test"] == other["test"]
    for parts in (all_of_it, east, other):
        assert not parts["test"] & (parts["train"] | parts["validation"])
    east_ids = {f"i{n:02}" for n in range(20) if n % 4 < 2}
    assert east["train"] | east["validation"] == east_ids - east["test"]
    assert all_of_it["train"] != other["train"]


def test_only_a_split_by_image_lets_one_lesion_into_several_parts(tmp_path: Path) -> None:
    lines = ["image_id,path,mask,label,group"]
    for n in range(40):
        drawn = draw_lesion(n, (48, 64))
        Image.fromarray(drawn.image).save(tmp_path / f"{n}.png")
        Image.fromarray(drawn.mask).save(tmp_path / f"{n}_mask.png")
        lines.append(f"{n},{n}.png,{n}_mask.png,0,lesion {n // 4}")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    roots = {"csv": tmp_path / "table.csv"}
    for by, leaks in (("lesion", False), ("image", True)):
        parts = parts_of(recipe(split=SPLIT | {"by": by}), roots)
        train, validation = ({int(n) // 4 for n in parts[name]} for name in ("train", "validation"))
        assert bool(train & validation) == leaks


def test_a_subset_that_names_nothing_is_told(listed_root: Path) -> None:
    subset = {"file": "clinics.csv", "column": "clinic", "values": ["north"]}
    with pytest.raises(RecipeError, match="lists none"):
        parts_of(recipe(subset=subset), {"csv": listed_root})
    with pytest.raises(RecipeError, match=r"absent\.csv"):
        parts_of(recipe(subset=subset | {"file": "absent.csv"}), {"csv": listed_root})


@pytest.fixture
def further_root(drawn_root: Path, tmp_path: Path) -> Path:
    """Another source: ten lesions of its own, and brighter copies of six of the first source's."""
    (tmp_path / "nv").mkdir()
    for seed in range(16):
        own = seed < 10
        lesion = draw_lesion(100 + seed if own else seed - 10, (48, 64), malignant=bool(seed % 2))
        name = f"own{seed}" if own else f"copy{seed - 10}"
        if own:
            picture = Image.fromarray(lesion.image)
        else:
            picture = Image.open(drawn_root.parent / f"i{seed - 10:02}.png").point(
                lambda value: min(255, round(value * 1.1))
            )
        picture.save(tmp_path / "nv" / f"{name}.png")
        Image.fromarray(lesion.mask).save(tmp_path / "nv" / f"{name}_mask.png")
    return tmp_path


def test_copies_of_judged_images_in_a_further_source_are_left_out(
    drawn_root: Path, further_root: Path
) -> None:
    chosen = recipe(further={"source": "folder", "share": 0.5})
    parts = parts_of(chosen, {"csv": drawn_root, "folder": further_root})
    assert {f"nv/own{n}" for n in range(10)} <= parts[FURTHER]
    copies = {f"i{n:02}" for n in range(6) if f"nv/copy{n}" in parts[FURTHER]}
    assert copies
    assert copies <= parts["train"]


def test_a_further_source_needs_its_folder(drawn_root: Path) -> None:
    with pytest.raises(RecipeError, match="--root folder=DIR"):
        read_rows(recipe(further={"source": "folder", "share": 0.5}), {"csv": drawn_root})


def test_a_part_knows_each_image_s_lesion(drawn_root: Path) -> None:
    chosen = recipe_of("classification", data={"source": "csv", "split": SPLIT, "size": [32, 32]})
    roots = {"csv": drawn_root}
    rows = read_rows(chosen, roots).sort("image_id")
    rows = rows.join(divide(chosen, rows, roots), on="image_id", suffix="_split").sort("image_id")
    images = np.zeros((rows.height, 32, 32, 3), np.uint8)
    pixels = Prepared(tuple(rows["image_id"]), images, None, np.zeros(rows.height, bool))
    part = part_of(chosen, rows, pixels, "validation")
    assert part.groups == tuple(rows["lesion"].gather(part.rows))
