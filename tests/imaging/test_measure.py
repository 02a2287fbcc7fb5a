import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.measure import perimeter_crofton

from lentigo.imaging.measure import LesionMeasurements, measure


def ellipse(height: int, width: int, tall: float, wide: float, size: int = 400) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return ((rows - height) / tall) ** 2 + ((columns - width) / wide) ** 2 < 1


def measured(mask: np.ndarray, **options: float) -> LesionMeasurements:
    return measure(np.full((*mask.shape, 3), 100, np.uint8), mask, **options)


def test_a_disc_is_round_symmetric_and_of_one_colour() -> None:
    values = measured(ellipse(200, 200, 80, 80))
    assert values.area_share == pytest.approx(math.pi * 80**2 / 400**2, rel=0.01)
    assert values.equivalent_diameter_px == pytest.approx(160, rel=0.01)
    assert values.asymmetry < 0.01
    assert values.border_irregularity == pytest.approx(1, abs=0.03)
    assert values.colour_variegation == pytest.approx(0, abs=1e-3)
    assert values.area_mm2 is None
    assert values.equivalent_diameter_mm is None


def test_a_tilted_ellipse_is_symmetric() -> None:
    tilted = ndimage.rotate(ellipse(200, 200, 60, 110).astype(float), 33, reshape=False) > 0.5
    assert measured(tilted).asymmetry < 0.02


def test_a_missing_quarter_makes_it_asymmetric_and_its_border_longer() -> None:
    whole = ellipse(200, 200, 80, 80)
    bitten = whole.copy()
    bitten[:200, 200:] = False
    assert measured(bitten).asymmetry > measured(whole).asymmetry + 0.1
    assert measured(bitten).border_irregularity > 1.2


def test_ragged_borders_count_more() -> None:
    rows, columns = np.mgrid[:400, :400] - 200.0
    angle = np.arctan2(rows, columns)
    waves = [np.hypot(rows, columns) < 100 * (1 + a * np.cos(12 * angle)) for a in (0, 0.1, 0.25)]
    irregularities = [measured(mask).border_irregularity for mask in waves]
    assert irregularities == sorted(irregularities)
    assert irregularities[-1] > 2


def test_the_border_is_the_same_wherever_the_lesion_lies() -> None:
    lesion = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(40, 50)), 4) > 0
    masks = [np.pad(lesion, ((0, 60), (0, 50))), np.pad(lesion, ((31, 29), (17, 33)))]
    expected = float(perimeter_crofton(masks[0], directions=4) ** 2 / (4 * math.pi * lesion.sum()))
    found = [measured(mask).border_irregularity for mask in masks]
    assert found == pytest.approx([expected, expected])


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_the_border_is_as_long_as_scikit_image_says(mask: np.ndarray) -> None:
    mask[0, 0] = True
    perimeter_px = perimeter_crofton(mask, directions=4)
    expected = max(1, perimeter_px**2 / (4 * math.pi * mask.sum()))
    assert measured(mask).border_irregularity == pytest.approx(expected)


def test_more_colours_are_more_variegated_and_skin_does_not_count() -> None:
    mask = ellipse(200, 200, 80, 80)
    image = np.full((400, 400, 3), (220, 180, 160), np.uint8)
    image[mask] = (120, 80, 60)
    assert measure(image, mask).colour_variegation == pytest.approx(0, abs=1e-3)
    image[:200][mask[:200]] = (40, 30, 40)
    assert measure(image, mask).colour_variegation > 8


def test_sizes_are_told_in_original_pixels_and_in_millimetres() -> None:
    values = measured(ellipse(200, 200, 50, 50), scale_px=4, pixel_spacing_mm=0.02)
    assert values.equivalent_diameter_px == pytest.approx(400, rel=0.01)
    assert values.equivalent_diameter_mm == pytest.approx(8, rel=0.01)
    assert values.area_mm2 == pytest.approx(math.pi * 16, rel=0.02)


def test_a_large_image_gives_what_a_small_one_gives() -> None:
    small = measured(ellipse(180, 200, 60, 90))
    large = measured(np.kron(ellipse(180, 200, 60, 90), np.ones((4, 4), bool)))
    assert large.asymmetry == pytest.approx(small.asymmetry, abs=0.02)
    assert large.area_share == small.area_share


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30)), st.integers(0, 9))
def test_every_lesion_has_finite_values_in_range(mask: np.ndarray, seed: int) -> None:
    mask[mask.shape[0] // 2, mask.shape[1] // 2] = True
    image = np.random.default_rng(seed).integers(0, 256, (*mask.shape, 3), np.uint8)
    values = measure(image, mask)
    assert 0 < values.area_share <= 1
    assert 0 <= values.asymmetry <= 1
    assert 1 <= values.border_irregularity < math.inf
    assert 0 <= values.colour_variegation < 260


def test_a_lesion_of_one_pixel_in_a_large_image_is_measured() -> None:
    mask = np.zeros((1500, 1500), bool)
    mask[1001, 1001] = True
    assert measured(mask).area_px == 1


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        measured(np.zeros((5, 5), bool))
    with pytest.raises(ValueError, match="differ in size"):
        measure(np.zeros((5, 6, 3), np.uint8), np.ones((6, 5), bool))
