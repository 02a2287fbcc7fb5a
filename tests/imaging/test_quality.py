import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageFilter
from skimage.measure import blur_effect

from lentigo.imaging.quality import _blur, _percentile, image_warnings, mask_warnings
from lentigo.synthetic import draw_lesion


def codes(image: np.ndarray) -> list[str]:
    return [warning.code for warning in image_warnings(image, image.shape[:2])]


@pytest.mark.parametrize("fitzpatrick", range(1, 7))
def test_a_sound_image_of_any_skin_gives_no_warning(fitzpatrick: int) -> None:
    assert codes(draw_lesion(3, (240, 320), fitzpatrick=fitzpatrick).image) == []


def test_a_blurred_image_is_told() -> None:
    sharp = Image.fromarray(draw_lesion(3, (240, 320)).image)
    assert codes(np.asarray(sharp.filter(ImageFilter.GaussianBlur(6)))) == ["too-blurred"]


def test_a_dark_image_is_told() -> None:
    assert codes(draw_lesion(3, (240, 320)).image // 8) == ["too-dark"]


def test_a_small_image_is_told_by_its_original_size() -> None:
    image = draw_lesion(3, (240, 320)).image
    (warning,) = image_warnings(image, (100, 133))
    assert warning.code == "too-small"
    assert "100" in warning.message


def test_a_plain_image_is_blurred() -> None:
    assert codes(np.full((200, 200, 3), 180, np.uint8)) == ["too-blurred"]


@pytest.mark.parametrize("turned", [False, True])
def test_a_blurred_image_without_edges_in_one_direction_is_told(turned: bool) -> None:
    wave = 128 + 80 * np.sin(np.arange(200) / 30)
    grey = np.broadcast_to(wave.astype(np.uint8)[:, None], (200, 200))
    assert codes(np.stack([grey.T if turned else grey] * 3, -1)) == ["too-blurred"]


@pytest.mark.parametrize("radius_px", [0, 1, 4])
def test_blur_is_scikit_images(radius_px: int) -> None:
    image = Image.fromarray(draw_lesion(5, (256, 341), hair=True).image).convert("L")
    blurred = image.filter(ImageFilter.GaussianBlur(radius_px))
    slow = blur_effect(np.asarray(blurred, dtype=np.float32), h_size=11)
    assert _blur(blurred) == pytest.approx(slow, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_no_shape_or_brightness_disturbs(height: int, width: int, value: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "too-small" in codes(np.full((height, width, 3), value, np.uint8))


def test_masks_without_a_lesion_or_cut_by_the_border_are_told() -> None:
    mask = np.zeros((100, 100), bool)
    assert [warning.code for warning in mask_warnings(mask)] == ["no-lesion"]
    mask[40:60, 40:60] = True
    assert mask_warnings(mask) == ()
    mask[40:60, 40:] = True
    assert [warning.code for warning in mask_warnings(mask)] == ["cut-by-border"]


def test_a_lesion_that_just_touches_the_border_is_not_cut() -> None:
    rows, columns = np.mgrid[:200, :200]
    mask = np.hypot(rows - 100, columns - 100) < 60
    mask[100, :100] = True
    assert mask_warnings(mask) == ()


@settings(deadline=None)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)), st.floats(0, 100)
)
def test_a_percentile_that_is_counted_is_the_one_that_is_sorted(
    grey: np.ndarray, percent: float
) -> None:
    found = _percentile(Image.fromarray(grey), percent)
    assert found == pytest.approx(np.percentile(grey, percent), abs=1e-9)
