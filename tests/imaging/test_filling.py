import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lentigo.imaging.filling import inner_of
from lentigo.imaging.geometry import Letterbox

sides = st.integers(40, 90)


@settings(deadline=None)
@given(st.tuples(sides, sides), st.tuples(st.integers(8, 40), st.integers(8, 40)), st.integers(0))
def test_the_image_is_found_where_the_letterbox_put_it(
    source_px: tuple[int, int], target_px: tuple[int, int], seed: int
) -> None:
    photo = np.random.default_rng(seed).integers(0, 256, (*source_px, 3), np.uint8)
    letterbox = Letterbox(source_px, target_px)
    assert inner_of(letterbox.image(photo)) == letterbox.inner


def test_an_image_of_one_colour_is_taken_whole() -> None:
    assert inner_of(np.full((20, 30, 3), 7, np.uint8)) == (0, 0, 20, 30)


def test_what_repeats_on_one_side_alone_is_no_filling() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    photo[:6] = photo[6]
    assert inner_of(photo) == (0, 0, 20, 30)
