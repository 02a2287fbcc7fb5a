import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.errors import UnknownNameError
from lentigo.imaging.preprocessing import STEPS
from lentigo.synthetic import draw_lesion


@pytest.fixture(scope="module")
def lesion() -> np.ndarray:
    return draw_lesion(3, (72, 96), fitzpatrick=3).image


@pytest.mark.parametrize("name", list(STEPS))
def test_a_step_makes_pixels_of_pixels_and_leaves_its_input_alone(
    name: str, lesion: np.ndarray
) -> None:
    before = lesion.copy()
    changed = STEPS[name](lesion)
    assert (changed.dtype, changed.shape) == (np.uint8, lesion.shape)
    assert np.array_equal(lesion, before)
    assert np.array_equal(STEPS[name](lesion), changed)


@pytest.mark.parametrize("name", list(STEPS))
@pytest.mark.parametrize("grey", [0, 90, 255])
def test_a_plain_grey_picture_stays_as_it_is(name: str, grey: int) -> None:
    plain = np.full((40, 56, 3), grey, np.uint8)
    assert np.abs(STEPS[name](plain).astype(int) - grey).max() <= 1


def local_contrast(pixels: np.ndarray) -> float:
    """The mean standard deviation of brightness within tiles of 8×8 pixels."""
    tiles = pixels.mean(axis=2).reshape(9, 8, 12, 8)
    return float(tiles.std(axis=(1, 3)).mean())


def test_clahe_raises_local_contrast_within_the_range_that_there_was(lesion: np.ndarray) -> None:
    changed = STEPS["clahe"](lesion)
    assert local_contrast(changed) > 1.2 * local_contrast(lesion)
    faint = (lesion // 16 + 120).astype(np.uint8)
    assert np.ptp(STEPS["clahe"](faint).mean(axis=2)) <= np.ptp(faint.mean(axis=2)) + 3


def test_clahe_keeps_hue(lesion: np.ndarray) -> None:
    from skimage.color import rgb2lab

    before, after = (rgb2lab(pixels) for pixels in (lesion, STEPS["clahe"](lesion)))
    assert np.median(np.abs(after[..., 1:] - before[..., 1:])) < 1.5


def test_median_takes_single_pixels_out_and_leaves_edges() -> None:
    halves = np.where(np.arange(40) < 20, 60, 200).astype(np.uint8)
    clean = np.tile(halves[:, np.newaxis], (30, 1, 3))
    spotted = clean.copy()
    spotted[4:26:5, 3::6] = (255, 0, 255)
    assert np.array_equal(STEPS["median"](spotted), clean)


@given(cast=st.tuples(*[st.floats(0.4, 1.0)] * 3))
def test_a_cast_of_any_colour_leaves_nothing_but_a_change_of_brightness(
    cast: tuple[float, float, float],
) -> None:
    scene = np.random.default_rng(0).integers(20, 140, (36, 48, 3))  # nothing is clipped
    plain, under_cast = (
        STEPS["shades-of-gray"](np.rint(pixels).astype(np.uint8)).astype(float)
        for pixels in (scene, scene * np.array(cast))
    )
    brightness = under_cast.sum() / plain.sum()
    # Rounding before and after costs up to a grey level, which the gains enlarge.
    assert np.abs(under_cast - brightness * plain).max() <= 0.5 / min(cast) + 1.5


def test_a_cast_is_taken_off() -> None:
    grey = np.repeat(np.arange(20, 140, dtype=float).reshape(10, 12, 1), 3, axis=2)
    yellow = np.rint(grey * (1.0, 0.9, 0.5)).astype(np.uint8)
    changed = STEPS["shades-of-gray"](yellow).astype(int)
    assert np.ptp(yellow.astype(int), axis=2).max() > 60
    assert np.ptp(changed, axis=2).max() <= 2


def test_a_black_channel_stays_black() -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    assert not STEPS["shades-of-gray"](red)[..., 1:].any()


def test_an_unknown_step_lists_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="there are: clahe, median, shades-of-gray"):
        _ = STEPS["sharpen"]
