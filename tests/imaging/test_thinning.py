import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from skimage.measure import approximate_polygon, find_contours

from lentigo.imaging.thinning import thinned
from lentigo.synthetic import draw_lesion

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24))


def contours(mask: np.ndarray) -> list[np.ndarray]:
    found = find_contours(np.pad(mask, 1).astype(np.float32), 0.5)
    return [contour[:, ::-1] for contour in found]


@settings(deadline=None, max_examples=60)
@given(masks)
def test_the_points_kept_are_scikit_image_s(mask: np.ndarray) -> None:
    for contour in contours(mask):
        assert np.array_equal(thinned(contour, 0.6), approximate_polygon(contour, 0.6))


@pytest.mark.parametrize("tolerance_px", [0.3, 0.6, 5.0])
def test_so_are_those_of_a_lesion(tolerance_px: float) -> None:
    for contour in contours(draw_lesion(2).mask):
        expected = approximate_polygon(contour, tolerance_px)
        assert np.array_equal(thinned(contour, tolerance_px), expected)


def test_a_straight_line_keeps_its_ends() -> None:
    line = np.column_stack([np.arange(9.0), np.zeros(9)])
    assert np.array_equal(thinned(line, 0.5), line[[0, -1]])
