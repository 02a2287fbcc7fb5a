import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw

from lentigo.imaging.contour import outline

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30))


@given(masks)
def test_outlines_are_closed_and_within_half_a_pixel_of_the_image(mask: np.ndarray) -> None:
    polygons = outline(mask)
    assert bool(polygons) == bool(mask.any())
    for polygon in polygons:
        assert len(polygon) >= 4
        assert np.array_equal(polygon[0], polygon[-1])
        assert polygon.min() >= -0.5
        assert (polygon.max(axis=0) <= np.array(mask.shape[::-1]) - 0.5).all()


def test_a_filled_outline_is_the_mask_again() -> None:
    rows, columns = np.mgrid[:120, :160]
    mask = np.hypot(rows - 50, (columns - 90) / 1.5) < 30
    (polygon,) = outline(mask)
    assert len(polygon) < 80
    image = Image.new("1", (160, 120))
    ImageDraw.Draw(image).polygon([tuple(point) for point in polygon], fill=1)
    assert (np.asarray(image) ^ mask).sum() < 0.03 * mask.sum()


def test_points_are_x_then_y() -> None:
    mask = np.zeros((20, 50), bool)
    mask[4, 30:40] = True
    (polygon,) = outline(mask)
    middle = (polygon.min(axis=0) + polygon.max(axis=0)) / 2
    assert middle == pytest.approx((34.5, 4), abs=0.5)


def test_the_longest_comes_first() -> None:
    mask = np.zeros((40, 40), bool)
    mask[2:5, 2:5] = mask[10:38, 10:38] = True
    mask[20:24, 20:24] = False
    lengths = [np.linalg.norm(np.diff(p, axis=0), axis=1).sum() for p in outline(mask)]
    assert len(lengths) == 3
    assert lengths == sorted(lengths, reverse=True)
