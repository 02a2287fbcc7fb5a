import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.bundle import Bundle
from lentigo.errors import LentigoError
from lentigo.runtime import batch
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.batch import Done, Outcome, Skipped, analyze_many
from lentigo.runtime.inputs import find_images


def run(analyzer: Analyzer, folder: Path, out: Path, **options: bool) -> list[Outcome]:
    return list(analyze_many(analyzer, find_images([folder]).images, out, **options))


def resumed(outcomes: list[Outcome]) -> list[bool]:
    return [outcome.resumed for outcome in outcomes if isinstance(outcome, Done)]


def test_broken_files_are_passed_over(
    analyzer: Analyzer, mixed_folder: Path, tmp_path: Path
) -> None:
    outcomes = run(analyzer, mixed_folder, tmp_path / "out")
    done = [Path(outcome.image).name for outcome in outcomes if isinstance(outcome, Done)]
    assert done == ["a.png", "b.jpg"]
    faults = {Path(outcome.image).name for outcome in outcomes if isinstance(outcome, Skipped)}
    assert faults == {"empty.jpg", "words.jpg", "short.png"}
    assert sorted(path.name for path in (tmp_path / "out" / "images").iterdir()) == ["a", "b"]


def test_each_image_gets_its_files_and_the_mask_has_its_size(
    analyzer: Analyzer, mixed_folder: Path, tmp_path: Path
) -> None:
    run(analyzer, mixed_folder, tmp_path)
    folder = tmp_path / "images" / "a"
    assert {path.name for path in folder.iterdir()} == {
        "mask.png", "overlay.jpg", "crop.jpg", "finding.json"
    }  # fmt: skip
    with Image.open(folder / "mask.png") as mask:
        assert mask.size == (160, 120)
        assert set(np.unique(np.asarray(mask))) == {0, 255}


def test_a_heat_map_is_written_where_it_is_asked_for_and_does_not_outlive_it(
    telling_analyzer: Analyzer, mixed_folder: Path, tmp_path: Path
) -> None:
    heat = tmp_path / "images" / "a" / "heat.jpg"
    run(telling_analyzer, mixed_folder, tmp_path)
    assert not heat.exists()
    outcomes = run(telling_analyzer, mixed_folder, tmp_path, resume=True, heat_maps=True)
    assert not any(resumed(outcomes))
    with Image.open(heat) as picture, Image.open(heat.with_name("overlay.jpg")) as overlay:
        assert picture.size == overlay.size
        reddened = np.asarray(picture).astype(int) - np.asarray(overlay)
    assert reddened[60, 90, 0] - reddened[60, 90, 2] > 80  # the disc's middle
    assert abs(reddened[10, 10]).max() < 10  # skin
    outcomes = run(telling_analyzer, mixed_folder, tmp_path, resume=True, heat_maps=True)
    assert all(resumed(outcomes))
    run(telling_analyzer, mixed_folder, tmp_path)
    assert not heat.exists()


def test_a_classifier_without_heat_maps_is_resumed_though_they_are_asked_for(
    analyzer: Analyzer, mixed_folder: Path, tmp_path: Path
) -> None:
    run(analyzer, mixed_folder, tmp_path)
    outcomes = run(analyzer, mixed_folder, tmp_path, resume=True, heat_maps=True)
    assert all(resumed(outcomes))


def test_resuming_does_only_what_is_missing(
    analyzer: Analyzer, mixed_folder: Path, tmp_path: Path
) -> None:
    run(analyzer, mixed_folder, tmp_path)
    finding = tmp_path / "images" / "a" / "finding.json"
    before = finding.stat().st_mtime_ns
    (tmp_path / "images" / "b" / "finding.json").unlink()
    assert resumed(run(analyzer, mixed_folder, tmp_path, resume=True)) == [True, False]
    assert finding.stat().st_mtime_ns == before


def test_a_changed_image_or_point_is_done_again(
    analyzer: Analyzer,
    mixed_folder: Path,
    tmp_path: Path,
    segmenter_bundle: Bundle,
    classifier_bundle: Bundle,
) -> None:
    run(analyzer, mixed_folder, tmp_path)
    Image.new("RGB", (90, 90), "tan").save(mixed_folder / "a.png")
    assert resumed(run(analyzer, mixed_folder, tmp_path, resume=True)) == [False, True]
    cautious = Analyzer(segmenter_bundle, classifier_bundle, "onnxruntime", "cautious", gate=False)
    assert resumed(run(cautious, mixed_folder, tmp_path, resume=True)) == [False, False]


def test_a_spoilt_finding_is_done_again(
    analyzer: Analyzer, mixed_folder: Path, tmp_path: Path
) -> None:
    run(analyzer, mixed_folder, tmp_path)
    (tmp_path / "images" / "a" / "finding.json").write_text("{}")
    assert resumed(run(analyzer, mixed_folder, tmp_path, resume=True)) == [False, True]


def test_a_full_disk_is_one_clear_error_and_leaves_no_half_finding(
    analyzer: Analyzer, mixed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(batch, "write_bytes", full)
    with pytest.raises(LentigoError, match=r"No space left on device.*--resume"):
        run(analyzer, mixed_folder, tmp_path)
    assert not list(tmp_path.rglob("finding.json"))


def test_a_crop_of_an_earlier_run_does_not_outlive_its_lesion(
    analyzer: Analyzer, mixed_folder: Path, tmp_path: Path
) -> None:
    run(analyzer, mixed_folder, tmp_path)
    Image.new("RGB", (90, 90), "white").save(mixed_folder / "a.png")
    run(analyzer, mixed_folder, tmp_path)
    assert not (tmp_path / "images" / "a" / "crop.jpg").exists()
