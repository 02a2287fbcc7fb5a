import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lentigo.imaging.arrays import Box
from lentigo.imaging.crop import crop, lesion_box, widened

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(masks, st.floats(0, 2))
def test_the_box_lies_within_the_image_and_holds_the_lesion(
    mask: np.ndarray, context: float
) -> None:
    box = lesion_box(mask, context)
    assert box.top >= 0
    assert box.left >= 0
    assert 1 <= box.height <= mask.shape[0] - box.top
    assert 1 <= box.width <= mask.shape[1] - box.left
    assert mask[box.slices].sum() == mask.sum()


def test_context_is_a_share_of_the_longer_side() -> None:
    mask = np.zeros((100, 100), bool)
    mask[40:60, 45:55] = True
    assert lesion_box(mask, 0) == Box(40, 45, 20, 10)
    assert lesion_box(mask, 0.5) == Box(30, 35, 40, 30)


def test_without_a_lesion_the_box_is_the_whole_image() -> None:
    assert lesion_box(np.zeros((7, 9), bool)) == Box(0, 0, 7, 9)


sides = st.integers(1, 60)


@given(st.data(), st.tuples(sides, sides), st.tuples(sides, sides))
def test_a_widened_box_holds_the_box_within_the_image(
    data: st.DataObject, image_px: tuple[int, int], shape_px: tuple[int, int]
) -> None:
    height, width = (data.draw(st.integers(1, side)) for side in image_px)
    top = data.draw(st.integers(0, image_px[0] - height))
    left = data.draw(st.integers(0, image_px[1] - width))
    wide = widened(Box(top, left, height, width), shape_px, image_px)
    assert 0 <= wide.top <= top
    assert 0 <= wide.left <= left
    assert top + height <= wide.top + wide.height <= image_px[0]
    assert left + width <= wide.left + wide.width <= image_px[1]
    assert wide.height == height or wide.width == width  # one side grows, never both


def test_a_widened_box_has_the_shape_asked_for_about_the_same_middle() -> None:
    box = Box(40, 45, 20, 10)
    assert widened(box, (48, 64), (100, 100)) == Box(40, 37, 20, 27)
    assert widened(box, (64, 16), (100, 100)) == Box(30, 45, 40, 10)


def test_a_widened_box_moves_inwards_at_the_border_and_ends_with_the_image() -> None:
    assert widened(Box(0, 90, 30, 10), (10, 10), (100, 100)) == Box(0, 70, 30, 30)
    assert widened(Box(0, 0, 90, 10), (10, 10), (100, 50)) == Box(0, 0, 90, 50)


def test_a_crop_is_a_copy() -> None:
    image = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    cut = crop(image, Box(1, 2, 3, 4))
    assert np.array_equal(cut, image[1:4, 2:6])
    cut[:] = 0
    assert image[1, 2, 0] != 0


@pytest.mark.parametrize(
    "box", [Box(0, 0, 6, 2), Box(-1, 0, 2, 2), Box(0, 0, 0, 2), Box(0, 5, 1, 2)]
)
def test_a_box_that_does_not_fit_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match="5×6"):
        crop(np.zeros((5, 6, 3), np.uint8), box)


def test_negative_context_is_refused() -> None:
    with pytest.raises(ValueError, match=r"-0\.1"):
        lesion_box(np.ones((5, 5), bool), -0.1)
