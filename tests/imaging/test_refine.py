import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageFilter
from scipy import ndimage

from lentigo.imaging.refine import refine

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=48))


def disc(size: int, radius: float, centre: tuple[float, float]) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return np.hypot(rows - centre[0], columns - centre[1]) < radius


@given(masks)
def test_there_is_one_part_without_holes_and_empty_stays_empty(mask: np.ndarray) -> None:
    refined = refine(mask)
    assert refined.dtype == np.bool_
    assert refined.shape == mask.shape
    assert ndimage.label(refined)[1] == int(mask.any())
    assert np.array_equal(ndimage.binary_fill_holes(refined), refined)


def refined_slowly(mask: np.ndarray) -> np.ndarray:
    """The whole frame at every step, by SciPy's own filling of holes."""

    def largest(parts: np.ndarray) -> np.ndarray:
        labels, count = ndimage.label(parts)
        return labels == 1 + np.bincount(labels.ravel())[1:].argmax() if count else parts

    lesion = ndimage.binary_fill_holes(largest(mask))
    blur = ImageFilter.GaussianBlur(0.01 * float(np.sqrt(lesion.sum())))
    smooth = np.asarray(Image.fromarray(lesion.astype(np.uint8) * np.uint8(255)).filter(blur))
    return np.asarray(ndimage.binary_fill_holes(largest(smooth >= 128)))


@given(masks)
def test_the_lesion_s_surroundings_are_enough(mask: np.ndarray) -> None:
    assert np.array_equal(refine(mask), refined_slowly(mask))


def test_they_are_for_large_ragged_lesions_anywhere() -> None:
    generator = np.random.default_rng(0)
    for centre in ((150, 200), (0, 120), (299, 399), (20, 390)):
        rows, columns = np.mgrid[:300, :400]
        ragged = ndimage.gaussian_filter(generator.normal(size=(300, 400)), 3) * 200
        mask = np.hypot(rows - centre[0], columns - centre[1]) + ragged < 110
        assert np.array_equal(refine(mask), refined_slowly(mask))


def test_specks_go_and_holes_close() -> None:
    lesion = disc(200, 60, (100, 100))
    raw = lesion | disc(200, 8, (20, 20))
    raw &= ~disc(200, 12, (100, 100))
    refined = refine(raw)
    assert (refined ^ lesion).sum() < 0.01 * lesion.sum()


def test_a_hair_thin_spike_goes() -> None:
    lesion = disc(400, 100, (200, 200))
    raw = lesion.copy()
    raw[200, 200:380] = True
    assert not refine(raw)[200, 320:].any()


def test_a_lesion_cut_by_the_border_stays_there() -> None:
    lesion = disc(200, 60, (0, 100))
    assert (refine(lesion) ^ lesion).sum() < 0.01 * lesion.sum()


def test_the_input_is_left_alone() -> None:
    mask = disc(50, 10, (25, 25))
    before = mask.copy()
    refine(mask)[:] = False
    assert np.array_equal(mask, before)
