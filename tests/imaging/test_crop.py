import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lentigo.imaging.arrays import Box
from lentigo.imaging.crop import crop, lesion_box

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
