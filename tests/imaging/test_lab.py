import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from skimage.color import rgb2lab

from lentigo.imaging.lab import lab_planes


def test_white_grey_and_black_have_no_hue() -> None:
    found = lab_planes(np.array([[255] * 3, [119] * 3, [0] * 3], np.uint8), np.float64)
    assert found[0] == pytest.approx([100, 50, 0], abs=0.1)
    assert np.abs(found[1:]).max() < 0.01


@given(hnp.arrays(np.uint8, (7, 3)))
def test_it_is_what_scikit_image_says(colours: np.ndarray) -> None:
    expected = np.moveaxis(rgb2lab(colours / 255), -1, 0)
    assert np.abs(lab_planes(colours, np.float64) - expected).max() < 1e-9
    assert np.abs(lab_planes(colours, np.float32) - expected).max() < 1e-3


def test_a_picture_gives_planes_of_its_shape_and_of_the_type_asked_for() -> None:
    found = lab_planes(np.zeros((4, 5, 3), np.uint8), np.float32)
    assert (found.shape, found.dtype) == ((3, 4, 5), np.float32)
