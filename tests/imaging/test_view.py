"""What a classifier sees of a photo with a dark lesion on bright skin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lentigo.imaging.arrays import Mask
from lentigo.imaging.geometry import Letterbox
from lentigo.imaging.preprocessing import STEPS
from lentigo.imaging.read import Photo
from lentigo.imaging.region import Region
from lentigo.imaging.view import View
from lentigo.synthetic import draw_lesion

SIZE_PX = (48, 64)
REGIONS = (
    Region(kind="masked"),
    Region(kind="crop"),
    Region(kind="crop", context=0.3),
    Region(kind="crop+mask", context=0.15),
    Region(kind="frame+crop", context=0.15),
)


@pytest.fixture(scope="module")
def lesion() -> tuple[Photo, Mask]:
    drawn = draw_lesion(5, (150, 200))
    return Photo(drawn.image, (150, 200)), drawn.mask


def ellipse(height: int, width: int, radii: tuple[float, float]) -> Mask:
    rows, columns = np.ogrid[:height, :width]
    away = ((rows - height / 2) / radii[0]) ** 2 + ((columns - width / 2) / radii[1]) ** 2
    return away <= 1


def test_without_a_region_the_whole_frame_is_seen(lesion: tuple[Photo, Mask]) -> None:
    photo, mask = lesion
    whole = Letterbox(photo.size_px, SIZE_PX).image(photo.pixels)
    for given_mask in (None, mask):
        seen = View(SIZE_PX).look(photo, given_mask)
        assert np.array_equal(seen.pixels, whole)
        assert not seen.lesion_found


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_a_view_has_its_size_and_channels(region: Region, lesion: tuple[Photo, Mask]) -> None:
    view = View(SIZE_PX, region)
    seen = view.look(*lesion)
    assert seen.pixels.shape == (*SIZE_PX, view.channels)
    assert seen.pixels.dtype == np.uint8
    assert seen.lesion_found


def test_masked_out_skin_is_black_and_the_lesion_as_it_was(lesion: tuple[Photo, Mask]) -> None:
    photo, mask = lesion
    box = Letterbox(photo.size_px, SIZE_PX)
    pixels = View(SIZE_PX, Region(kind="masked")).look(photo, mask).pixels
    inside = box.mask(mask)
    assert not pixels[~inside].any()
    assert np.array_equal(pixels[inside], box.image(photo.pixels)[inside])


def test_more_context_shows_a_smaller_lesion() -> None:
    mask = ellipse(600, 800, (60, 80))
    photo = Photo(np.where(mask[..., None], 30, 210).repeat(3, 2).astype(np.uint8), mask.shape)
    shares = [
        (View(SIZE_PX, Region(kind="crop", context=context)).look(photo, mask).pixels < 120).mean()
        for context in (0.0, 0.15, 0.3)
    ]
    # An ellipse fills π/4 of its box, and a box with c on each side is (1 + 2c)² as large; the box
    # grows by shares of its longer side, then to the input's own 4:3.
    assert shares == pytest.approx([np.pi / 4 / (1 + 2 * c) ** 2 for c in (0, 0.15, 0.3)], abs=0.08)
    assert shares == sorted(shares, reverse=True)


def test_a_crop_shows_real_skin_and_no_filling_where_the_photo_has_it() -> None:
    mask = ellipse(300, 400, (100, 12))  # tall and narrow
    columns = np.tile(np.linspace(0, 255, 400).astype(np.uint8), (300, 1))
    photo = Photo(np.repeat(columns[..., None], 3, 2), mask.shape)
    row = View(SIZE_PX, Region(kind="crop")).look(photo, mask).pixels[24, :, 0].astype(int)
    assert (np.diff(row) > 0).all()


def test_the_masks_channel_lies_on_the_lesion() -> None:
    mask = ellipse(300, 400, (40, 30)) | ellipse(300, 400, (8, 60))
    photo = Photo(np.where(mask[..., None], 30, 210).repeat(3, 2).astype(np.uint8), mask.shape)
    pixels = View(SIZE_PX, Region(kind="crop+mask", context=0.15)).look(photo, mask).pixels
    assert set(np.unique(pixels[..., 3])) == {0, 255}
    dark = pixels[..., 0] < 120
    assert (dark == (pixels[..., 3] == 255)).mean() > 0.98


def test_two_pictures_are_the_frame_and_the_crop(lesion: tuple[Photo, Mask]) -> None:
    both = View(SIZE_PX, Region(kind="frame+crop", context=0.3)).look(*lesion).pixels
    assert np.array_equal(both[..., :3], View(SIZE_PX).look(lesion[0]).pixels)
    crop = View(SIZE_PX, Region(kind="crop", context=0.3)).look(*lesion).pixels
    assert np.array_equal(both[..., 3:], crop)


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_without_a_lesion_the_whole_frame_is_seen_and_said(
    region: Region, lesion: tuple[Photo, Mask]
) -> None:
    photo, _ = lesion
    whole = View(SIZE_PX).look(photo).pixels
    speck = np.zeros((300, 400), dtype=np.bool_)
    speck[7, 9] = True  # less than half a pixel of the net's
    for mask in (None, np.zeros((300, 400), dtype=np.bool_), speck):
        seen = View(SIZE_PX, region).look(photo, mask)
        assert not seen.lesion_found
        for start in range(0, seen.pixels.shape[2] - 2, 3):
            assert np.array_equal(seen.pixels[..., start : start + 3], whole)
        if region.channels == 4:
            assert not seen.pixels[..., 3].any()


@settings(deadline=None)
@given(
    height=st.integers(60, 160),
    width=st.integers(60, 160),
    scale=st.sampled_from([1, 2, 3]),
    region=st.sampled_from(REGIONS),
)
def test_a_mask_at_another_scale_shows_the_same(
    height: int, width: int, scale: int, region: Region
) -> None:
    noise = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    photo = Photo(noise, (height, width))
    mask = ellipse(height, width, (height / 4, width / 5))
    fine = mask.repeat(scale, axis=0).repeat(scale, axis=1)
    view = View(SIZE_PX, region)
    assert np.array_equal(view.look(photo, mask).pixels, view.look(photo, fine).pixels)


def test_a_mask_of_another_shape_is_refused(lesion: tuple[Photo, Mask]) -> None:
    photo, mask = lesion
    with pytest.raises(ValueError, match="200×150 px does not fit a photo of 150×200"):
        View(SIZE_PX, Region(kind="crop")).look(photo, mask.T)


@pytest.mark.parametrize("region", [None, *REGIONS], ids=str)
def test_steps_are_taken_in_order_by_each_picture_and_not_by_masks(
    region: Region | None, lesion: tuple[Photo, Mask]
) -> None:
    plain = View(SIZE_PX, region).look(*lesion).pixels
    stepped = View(SIZE_PX, region, ("median", "clahe")).look(*lesion).pixels
    masked = region is not None and region.kind == "masked"
    for start in range(0, plain.shape[2] - 2, 3):
        part = slice(start, start + 3)
        if masked:  # the frame is stepped, then masked, so that the background stays black
            assert np.array_equal(stepped.any(axis=2), plain.any(axis=2))
        else:
            expected = STEPS["clahe"](STEPS["median"](np.ascontiguousarray(plain[..., part])))
            assert np.array_equal(stepped[..., part], expected)
    assert np.array_equal(stepped[..., 3:4], plain[..., 3:4]) or stepped.shape[2] == 6


def test_a_masked_frame_has_no_context() -> None:
    with pytest.raises(ValidationError, match="context belongs to a crop"):
        Region(kind="masked", context=0.1)
