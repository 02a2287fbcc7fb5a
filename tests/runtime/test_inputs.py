import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from lentigo.runtime.inputs import find_images


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.PNG", "notes.txt", ".hidden.jpg", "sub/c.tiff", "sub/deep/d.webp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(paths: Sequence[Path | str], out_dir: Path | None = None) -> list[str]:
    return [path.name for path in find_images(paths, out_dir).images]


def test_a_folder_means_the_images_in_it_and_below(tree: Path) -> None:
    assert names([tree]) == ["a.jpg", "b.PNG", "c.tiff", "d.webp"]


def test_a_file_is_taken_whatever_its_name(tree: Path) -> None:
    assert names([tree / "notes.txt"]) == ["notes.txt"]


def test_patterns_match_files_and_folders(tree: Path) -> None:
    assert names([f"{tree}/*.jpg"]) == ["a.jpg"]
    assert names([f"{tree}/**/*.webp"]) == ["d.webp"]
    assert names([f"{tree}/s*"]) == ["c.tiff", "d.webp"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "a[1].jpg").touch()
    assert names([tree / "a[1].jpg"]) == ["a[1].jpg"]


def test_each_image_comes_once(tree: Path) -> None:
    assert len(names([tree / "a.jpg", tree, f"{tree}/*.jpg"])) == 4


def test_a_hidden_folder_is_passed_over_unless_it_is_named(tree: Path) -> None:
    (tree / ".thumbnails").mkdir()
    (tree / ".thumbnails" / "t.jpg").touch()
    assert "t.jpg" not in names([tree])
    assert names([tree / ".thumbnails"]) == ["t.jpg"]


def test_earlier_results_are_left_out_and_nothing_else(tree: Path) -> None:
    results = tree / "images" / "a"
    results.mkdir(parents=True)
    for name in ("mask.png", "overlay.jpg", "crop.jpg"):
        (results / name).touch()
    (tree / "images" / "mask.png").touch()  # a photo of the user's own
    assert names([tree], tree) == ["a.jpg", "b.PNG", "mask.png", "c.tiff", "d.webp"]
    assert names([tree / "a.jpg"], tree) == ["a.jpg"]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("absent.jpg", "no such file or folder"),
        ("x" * 5000, "no such file or folder"),
        ("*.bmp", "no file matches this pattern"),
        ("empty", "holds no image"),
    ],
)
def test_a_path_that_means_no_image_does_not_hide_the_others(
    tree: Path, path: str, fault: str
) -> None:
    (tree / "empty").mkdir()
    inputs = find_images([tree / "a.jpg", tree / path, tree / "b.PNG"])
    assert [image.name for image in inputs.images] == ["a.jpg", "b.PNG"]
    assert [error.path for error in inputs.wrong] == [tree / path]
    assert fault in inputs.wrong[0].fault


def test_a_sub_folder_that_cannot_be_listed_is_noted(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def closed(path: str) -> "os._ScandirIterator[str]":
        if Path(path).name == "deep":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    inputs = find_images([tree])
    assert [image.name for image in inputs.images] == ["a.jpg", "b.PNG", "c.tiff"]
    assert inputs.wrong == ()
    assert [str(fault) for fault in inputs.unlisted] == [
        f"{tree / 'sub' / 'deep'}: cannot be listed (Permission denied)"
    ]
    (only,) = find_images([tree / "sub" / "deep"]).wrong
    assert only.fault == "cannot be listed (Permission denied)"


def test_a_dangling_link_is_a_file_like_any_other(tree: Path) -> None:
    (tree / "link.jpg").symlink_to("nowhere.jpg")
    assert names([tree / "link.jpg"]) == ["link.jpg"]
    assert names([f"{tree}/l*.jpg"]) == ["link.jpg"]
