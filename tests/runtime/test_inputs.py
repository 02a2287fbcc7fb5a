import os
from pathlib import Path

import pytest

from lentigo.errors import LentigoError
from lentigo.runtime.inputs import find_images, name_outputs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.PNG", "notes.txt", ".hidden.jpg", "sub/c.tiff", "sub/deep/d.webp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_a_folder_means_the_images_in_it_and_below(tree: Path) -> None:
    assert names(find_images([tree])) == ["a.jpg", "b.PNG", "c.tiff", "d.webp"]


def test_a_file_is_taken_whatever_its_name(tree: Path) -> None:
    assert names(find_images([tree / "notes.txt"])) == ["notes.txt"]


def test_patterns_match_files_and_folders(tree: Path) -> None:
    assert names(find_images([f"{tree}/*.jpg"])) == ["a.jpg"]
    assert names(find_images([f"{tree}/**/*.webp"])) == ["d.webp"]
    assert names(find_images([f"{tree}/s*"])) == ["c.tiff", "d.webp"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "a[1].jpg").touch()
    assert names(find_images([tree / "a[1].jpg"])) == ["a[1].jpg"]


def test_each_image_comes_once(tree: Path) -> None:
    assert len(find_images([tree / "a.jpg", tree, f"{tree}/*.jpg"])) == 4


def test_earlier_results_are_left_out(tree: Path) -> None:
    assert names(find_images([tree], without=tree / "sub")) == ["a.jpg", "b.PNG"]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("absent.jpg", "no such file or folder"),
        ("*.bmp", "no file matches this pattern"),
        ("empty", "holds no image"),
    ],
)
def test_what_means_no_image_is_an_error(tree: Path, path: str, fault: str) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(LentigoError, match=fault):
        find_images([tree / "a.jpg", tree / path])


def test_folders_of_results_have_different_safe_names() -> None:
    images = [Path(name) for name in ("x/mole.jpg", "y/MOLE.png", "z/../odd name:.jpg", "..jpg")]
    outputs = name_outputs(images)
    assert len({output.casefold() for output in outputs}) == len(images)
    assert all(os.sep not in output and not output.startswith(".") for output in outputs)
    assert outputs[0].startswith("mole-")
    assert outputs[2] == "odd_name_"
    assert outputs == name_outputs(images)
