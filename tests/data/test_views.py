from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lentigo.data.manifest import build_manifest
from lentigo.data.prepared import prepare
from lentigo.data.views import TrueMasks, prepare_view
from lentigo.errors import SourceError
from lentigo.imaging.arrays import Mask
from lentigo.imaging.read import Photo, read_mask, read_photo
from lentigo.imaging.region import Region
from lentigo.imaging.view import View
from lentigo.synthetic import draw_lesion

SIZE_PX = (24, 32)
CROP = View(SIZE_PX, Region(kind="crop", context=0.15))


class Corner:
    """A segmenter's part: takes the upper left quarter for the lesion."""

    name = identity = "corner"

    def __call__(self, photo: Photo, mask_path: str | None) -> Mask:
        mask = np.zeros(photo.size_px, dtype=np.bool_)
        mask[: mask.shape[0] // 2, : mask.shape[1] // 2] = True
        return mask


@pytest.fixture
def manifest(tmp_path: Path) -> pl.DataFrame:
    """Four lesions: ``c`` has no mask, and that of ``d`` is empty."""
    for seed, name in enumerate("abcd"):
        lesion = draw_lesion(seed, (60, 80))
        Image.fromarray(lesion.image).save(tmp_path / f"{name}.png")
        Image.fromarray(lesion.mask & (name != "d")).save(tmp_path / f"{name}_mask.png")
    files = {
        "image_id": list("abcd"),
        "image": [str(tmp_path / f"{name}.png") for name in "abcd"],
        "mask": [None if name == "c" else str(tmp_path / f"{name}_mask.png") for name in "abcd"],
        "label": [0, 1, 0, 1],
    }
    return build_manifest(pl.DataFrame(files), "csv")


def test_each_image_is_what_its_view_shows(manifest: pl.DataFrame, tmp_path: Path) -> None:
    for region in (CROP.region, Region(kind="crop+mask"), Region(kind="frame+crop")):
        view = View(SIZE_PX, region, ("median",))
        pixels = prepare_view(manifest, view, TrueMasks(), tmp_path)
        assert pixels.ids == tuple("abcd")
        assert pixels.masks is None
        assert pixels.images.shape == (4, *SIZE_PX, view.channels)
        for row, (image, mask) in enumerate(manifest.select("image", "mask").rows()):
            seen = view.look(read_photo(image), None if mask is None else read_mask(mask))
            assert np.array_equal(pixels.images[row], seen.pixels)


def test_images_without_a_lesion_are_shown_whole_and_told(
    manifest: pl.DataFrame, tmp_path: Path
) -> None:
    pixels = prepare_view(manifest, CROP, TrueMasks(), tmp_path)
    assert pixels.has_mask.tolist() == [True, True, False, False]
    whole = prepare(manifest, SIZE_PX, tmp_path).images
    assert np.array_equal(pixels.images[2:], whole[2:])
    assert not np.array_equal(pixels.images[:2], whole[:2])


def test_whose_masks_they_are_tells_stores_apart(manifest: pl.DataFrame, tmp_path: Path) -> None:
    truth = prepare_view(manifest, CROP, TrueMasks(), tmp_path)
    found = prepare_view(manifest, CROP, Corner(), tmp_path)
    other = prepare_view(manifest, View(SIZE_PX, Region(kind="crop")), TrueMasks(), tmp_path)
    assert found.has_mask.all()
    assert not np.array_equal(truth.images[0], found.images[0])
    assert not np.array_equal(truth.images[0], other.images[0])
    steps: list[int] = []
    again = prepare_view(manifest, CROP, TrueMasks(), tmp_path, lambda done, _: steps.append(done))
    assert steps == []
    assert np.array_equal(again.images, truth.images)


def test_a_view_of_the_frame_looks_at_no_mask(manifest: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "a_mask.png").write_bytes(b"no mask at all")
    pixels = prepare_view(manifest, View(SIZE_PX, steps=("clahe",)), TrueMasks(), tmp_path)
    assert pixels.images.shape == (4, *SIZE_PX, 3)


def test_a_mask_that_does_not_fit_is_named(manifest: pl.DataFrame, tmp_path: Path) -> None:
    Image.fromarray(np.ones((50, 50), dtype=np.bool_)).save(tmp_path / "b_mask.png")
    with pytest.raises(SourceError, match=r"b_mask\.png: does not fit its image .*b\.png"):
        prepare_view(manifest, CROP, TrueMasks(), tmp_path)
