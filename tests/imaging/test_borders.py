import numpy as np
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from skimage.measure import find_contours

from lentigo.imaging.borders import borders
from lentigo.synthetic import draw_lesion

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=16))


def rounds(lines: list[np.ndarray]) -> set[tuple[tuple[float, float], ...]]:
    """Return closed lines without regard to which point is the first."""
    found = set()
    for line in lines:
        assert np.array_equal(line[0], line[-1])
        points = [tuple(point) for point in line[:-1].tolist()]
        first = points.index(min(points))
        found.add((*points[first:], *points[:first]))
    return found


@settings(deadline=None, max_examples=100)
@given(masks)
def test_the_lines_are_scikit_image_s(mask: np.ndarray) -> None:
    expected = find_contours(np.pad(mask, 1).astype(np.float32), 0.5)
    assert rounds(borders(mask)) == rounds([line - 1 for line in expected])


def test_so_are_those_of_a_lesion() -> None:
    mask = draw_lesion(2).mask
    (line,) = borders(mask)
    expected = find_contours(np.pad(mask, 1).astype(np.float32), 0.5)
    assert rounds([line]) == rounds([expected[0] - 1])
