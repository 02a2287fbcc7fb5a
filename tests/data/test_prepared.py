import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lentigo.data import prepared, workers
from lentigo.data.cache import default_cache_dir
from lentigo.data.manifest import build_manifest
from lentigo.data.prepared import fit, prepare
from lentigo.errors import ImageError, SourceError
from lentigo.imaging.geometry import Letterbox
from lentigo.synthetic import draw_lesion

SIZE_PX = (32, 32)


@pytest.fixture
def manifest(tmp_path: Path) -> pl.DataFrame:
    """Three images of 48×64 px, the left half red; two have a mask of that half."""
    left = np.zeros((48, 64), dtype=np.uint8)
    left[:, :32] = 255
    pixels = np.stack([left, *np.zeros((2, 48, 64), dtype=np.uint8)], axis=2)
    for name in "abc":
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        Image.fromarray(left).save(tmp_path / f"{name}_mask.png")
    files = {
        "image_id": list("abc"),
        "image": [str(tmp_path / f"{name}.png") for name in "abc"],
        "mask": [str(tmp_path / "a_mask.png"), None, str(tmp_path / "c_mask.png")],
    }
    return build_manifest(pl.DataFrame(files), "csv")


def stores(cache: Path) -> list[Path]:
    return sorted((cache / "prepared").iterdir())


def test_pixels_and_masks_stand_in_the_manifest_s_order(
    manifest: pl.DataFrame, tmp_path: Path
) -> None:
    pixels = prepare(manifest, SIZE_PX, tmp_path / "cache")
    assert pixels.ids == ("a", "b", "c")
    assert len(pixels) == 3
    assert pixels.images.shape == (3, 32, 32, 3)
    assert pixels.images.dtype == np.uint8
    assert pixels.has_mask.tolist() == [True, False, True]
    assert pixels.masks is not None
    assert [set(np.unique(mask)) for mask in pixels.masks] == [{0, 1}, {0}, {0, 1}]
    for row, (image, mask) in enumerate(manifest.select("image", "mask").rows()):
        expected_image, expected_mask = fit(image, mask, SIZE_PX)
        assert np.array_equal(pixels.images[row], expected_image)
        assert np.array_equal(pixels.masks[row], expected_mask)


def test_without_masks_there_are_none(manifest: pl.DataFrame, tmp_path: Path) -> None:
    no_masks = manifest.with_columns(mask=pl.lit(None, dtype=pl.String))
    assert prepare(no_masks, SIZE_PX, tmp_path / "cache").masks is None


def test_what_is_prepared_is_read_only(manifest: pl.DataFrame, tmp_path: Path) -> None:
    images = prepare(manifest, SIZE_PX, tmp_path / "cache").images
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_a_store_is_made_once(manifest: pl.DataFrame, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    for _ in range(2):
        prepare(manifest, SIZE_PX, tmp_path, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert len(stores(tmp_path)) == 1


@pytest.mark.parametrize("what", ["image", "mask", "size", "rows"])
def test_a_change_makes_a_new_store(what: str, manifest: pl.DataFrame, tmp_path: Path) -> None:
    prepare(manifest, SIZE_PX, tmp_path / "cache")
    if what in manifest.columns:
        file = Path(manifest[what][0])
        Image.fromarray(np.zeros((48, 64, 3), dtype=np.uint8)).save(file)
        os.utime(file, ns=(0, 0))
    rows = manifest.head(2) if what == "rows" else manifest
    size_px = (64, 32) if what == "size" else SIZE_PX
    pixels = prepare(rows, size_px, tmp_path / "cache")
    assert len(stores(tmp_path / "cache")) == 2
    assert pixels.images.shape == (rows.height, *size_px, 3)


def test_two_processes_at_once_do_no_harm(manifest: pl.DataFrame, tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(prepare, manifest, SIZE_PX, tmp_path / "cache") for _ in range(3)]
        sums = {int(job.result().images.sum()) for job in jobs}
    assert len(sums) == 1
    assert len(stores(tmp_path / "cache")) == 1


def test_the_slower_of_two_takes_the_faster_s_store(
    manifest: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = prepared._write

    def overtaken(*arguments: object) -> None:
        monkeypatch.setattr(prepared, "_write", write)
        prepare(manifest, SIZE_PX, tmp_path)
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(prepared, "_write", overtaken)
    assert len(prepare(manifest, SIZE_PX, tmp_path)) == 3
    assert len(stores(tmp_path)) == 1


def test_a_broken_image_is_named_and_leaves_nothing(manifest: pl.DataFrame, tmp_path: Path) -> None:
    Path(manifest["image"][1]).write_bytes(b"not an image")
    with pytest.raises(ImageError, match=r"b\.png"):
        prepare(manifest, SIZE_PX, tmp_path / "cache")
    assert stores(tmp_path / "cache") == []


def test_what_a_killed_process_left_goes_after_a_day(
    manifest: pl.DataFrame, tmp_path: Path
) -> None:
    for name, age_s in {"old.part": 2 * 86_400, "young.part": 60}.items():
        unfinished = tmp_path / "prepared" / name
        unfinished.mkdir(parents=True)
        then = unfinished.stat().st_mtime - age_s
        os.utime(unfinished, (then, then))
    prepare(manifest, SIZE_PX, tmp_path)
    assert [path.name for path in stores(tmp_path) if path.suffix] == ["young.part"]


def test_a_row_without_an_image_is_refused(manifest: pl.DataFrame, tmp_path: Path) -> None:
    rows = manifest.with_columns(image=pl.lit(None, dtype=pl.String))
    with pytest.raises(SourceError, match="3 of 3 rows have no image"):
        prepare(rows, SIZE_PX, tmp_path)


def test_a_missing_file_is_named(manifest: pl.DataFrame, tmp_path: Path) -> None:
    Path(manifest["mask"][0]).unlink()
    with pytest.raises(SourceError, match=r"a_mask\.png"):
        prepare(manifest, SIZE_PX, tmp_path)


def test_a_mask_of_another_shape_is_refused(manifest: pl.DataFrame, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((64, 64), dtype=np.uint8)).save(manifest["mask"][2])
    with pytest.raises(SourceError, match=r"c_mask\.png: does not fit its image"):
        prepare(manifest, SIZE_PX, tmp_path)


def test_a_disk_too_small_is_told_before_work_begins(
    manifest: pl.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="set LENTIGO_CACHE"):
        prepare(manifest, (10_000_000, 10_000_000), tmp_path)


def test_the_cache_is_chosen_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENTIGO_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path


@pytest.fixture
def larger(manifest: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """The three images under many names, enough for two processes of few images each."""
    monkeypatch.setattr(workers, "IMAGES_A_PROCESS", 10)
    monkeypatch.setattr(workers.joblib, "cpu_count", lambda: 2)
    monkeypatch.setattr(prepared, "_BLOCK", 4)
    rows = pl.concat([manifest] * 7).select("image", "mask")
    return build_manifest(
        rows.with_columns(image_id=pl.format("{}", pl.int_range(pl.len()))), "csv"
    )


def test_processes_make_what_threads_make(larger: pl.DataFrame, tmp_path: Path) -> None:
    steps: list[int] = []
    made = prepare(larger, SIZE_PX, tmp_path / "p", lambda done, total: steps.append(done))
    by_hand = [fit(image, mask, SIZE_PX) for image, mask in larger.select("image", "mask").rows()]
    assert steps == list(range(1, 22))
    assert np.array_equal(made.images, np.stack([pixels for pixels, _ in by_hand]))
    assert made.masks is not None
    assert np.array_equal(made.masks, np.stack([mask for _, mask in by_hand]))


def test_a_fault_comes_back_from_a_process(larger: pl.DataFrame, tmp_path: Path) -> None:
    Path(larger["image"][1]).write_bytes(b"not an image")
    with pytest.raises(ImageError, match=r"\.png") as caught:
        prepare(larger, SIZE_PX, tmp_path / "cache")
    assert isinstance(caught.value.path, Path)
    assert stores(tmp_path / "cache") == []


@pytest.mark.parametrize("hair", [False, True])
def test_a_photo_decoded_reduced_is_as_if_decoded_whole(hair: bool, tmp_path: Path) -> None:
    drawn = Image.fromarray(draw_lesion(1, hair=hair).image)
    large = np.asarray(drawn.resize((1600, 1200), Image.Resampling.BICUBIC), dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 4, large.shape)
    file = tmp_path / "photo.jpg"
    Image.fromarray((large + noise).clip(0, 255).astype(np.uint8)).save(file, quality=92)
    letterbox = Letterbox((1200, 1600), (128, 128))
    inner = letterbox.inner
    found = fit(str(file), None, (128, 128))[0].astype(np.float32)
    with Image.open(file) as image:
        whole = letterbox.image(np.array(image))
        by_area = image.resize((inner.width, inner.height), Image.Resampling.BOX)
    assert np.abs(found - whole).mean() < 1
    if not hair:  # a line as thin as a pixel is softer by the bilinear filter than by area
        assert np.abs(found[inner.slices] - np.asarray(by_area)).mean() < 1
