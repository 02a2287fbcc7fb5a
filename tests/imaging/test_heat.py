import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.imaging.arrays import Box
from lentigo.imaging.heat import Heat, draw_heat, heat_of_box, positive_share


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_the_positive_part_is_shown_on_the_maps_own_scale(seed: int, factor: float) -> None:
    heat = np.random.default_rng(seed).normal(size=(5, 7)).astype(np.float32)
    share = positive_share(heat * np.float32(factor))
    assert share.max() == pytest.approx(heat.max() / np.abs(heat).max())
    assert ((share > 0) == (heat > 0)).all()
    np.testing.assert_allclose(share, positive_share(heat), atol=1e-5)


def test_where_nothing_speaks_for_it_nothing_is_shown() -> None:
    for heat in (np.zeros((3, 4), np.float32), np.full((3, 4), -2, np.float32)):
        assert not positive_share(heat).any()


def test_heat_reddens_its_box_and_leaves_the_rest_as_it_is() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    values = np.array([[-1, -1, 0.4], [-1, -1, 1]], np.float32)
    drawn = draw_heat(photo, Heat(values, Box(10, 30, 20, 30)))
    assert drawn.dtype == np.uint8
    outside = np.ones((40, 60), bool)
    outside[10:30, 30:60] = False
    assert (drawn[outside] == photo[outside]).all()
    assert (drawn[10:30, 30:35] == photo[10:30, 30:35]).all()  # what speaks against it is not shown
    red_over_blue = drawn[..., 0].astype(int) - drawn[..., 2]
    assert red_over_blue[26:30, 56:].mean() > red_over_blue[10:14, 56:].mean() > 20


@given(st.integers(0, 2**32 - 1))
def test_heat_is_drawn_as_its_colours_and_opacity_blend(seed: int) -> None:
    generator = np.random.default_rng(seed)
    photo = generator.integers(0, 256, (12, 17, 3), dtype=np.uint8)
    values = generator.normal(size=photo.shape[:2]).astype(np.float32)
    strength = positive_share(values)[..., np.newaxis]
    weak, strong = np.array([255, 240, 60]), np.array([255, 0, 50])
    colour = weak + (strong - weak) * strength
    slow = photo + (colour - photo) * (0.7 * strength)
    drawn = draw_heat(photo, Heat(values, Box(0, 0, *photo.shape[:2])))
    assert np.abs(drawn - slow).max() < 2  # strength and opacity have 256 levels each


def test_a_box_outside_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="does not lie within"):
        draw_heat(
            np.zeros((4, 4, 3), np.uint8), Heat(np.zeros((2, 2), np.float32), Box(2, 2, 3, 2))
        )


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 2000), st.integers(1, 2000))
def test_a_heat_map_stays_within_any_scale_of_its_image(
    height: int, width: int, rows: int, columns: int
) -> None:
    whole = Heat(np.zeros((1, 1), np.float32), Box(0, 0, height, width))
    assert whole.over((height, width), (rows, columns)).box == (0, 0, rows, columns)
    corner = Box(height - 1, width - 1, 1, 1)
    top, left, tall, wide = Heat(whole.values, corner).over((height, width), (rows, columns)).box
    assert 0 <= top < top + tall <= rows
    assert 0 <= left < left + wide <= columns


def test_the_filling_of_a_letterbox_is_cut_off() -> None:
    plane = np.zeros((8, 8), np.float32)
    plane[:2] = plane[6:] = 9  # above and below a picture of 2:1
    heat = heat_of_box(plane, Box(5, 7, 100, 200), (64, 64))
    assert heat.box == (5, 7, 100, 200)
    assert heat.values.shape == (8, 16)
    assert not heat.values[2:-2].any()
