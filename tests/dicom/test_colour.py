import numpy as np
import pytest
from dicom_files import smooth_picture, ybr
from hypothesis import given, settings
from hypothesis import strategies as st

from lentigo.dicom.colour import colour_space, window
from lentigo.synthetic import draw_lesion


@pytest.mark.parametrize(
    ("function", "width", "edges"),
    [
        ("LINEAR", 101, (49.5, 149.5)),  # of width - 1 about centre - 0.5: PS3.3 C.11.2.1.2.1
        ("LINEAR_EXACT", 100, (50, 150)),
    ],
)
def test_a_window_runs_from_edge_to_edge(
    function: str, width: float, edges: tuple[float, float]
) -> None:
    centre = 100
    inside = np.linspace(*edges, 11)
    assert window(inside, centre, width, function) == pytest.approx(np.linspace(0, 1, 11))
    outside = np.array([edges[0] - 20, edges[1] + 20])
    assert list(window(outside, centre, width, function)) == [0, 1]


def test_a_window_of_width_one_is_a_step() -> None:
    assert list(window(np.array([98.0, 99.0, 100.0, 101.0]), 100, 1)) == [0, 0, 1, 1]


def test_a_sigmoid_is_half_at_its_centre_and_never_overflows() -> None:
    values = np.array([-1e9, 100, 1e9])
    assert list(window(values, 100, 50, "SIGMOID")) == [0, 0.5, 1]


@pytest.mark.parametrize(("width", "function"), [(0.5, "LINEAR"), (0, "SIGMOID"), (9, "CURVED")])
def test_a_window_that_means_nothing_is_refused(width: float, function: str) -> None:
    with pytest.raises(ValueError, match=r"window has no width|no VOI LUT Function"):
        window(np.zeros(3), 1, width, function)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 1000),
    fitzpatrick=st.integers(1, 6),
    malignant=st.booleans(),
    hair=st.booleans(),
)
def test_drawn_lesions_are_never_taken_for_the_other_colour_space(
    seed: int, fitzpatrick: int, malignant: bool, hair: bool
) -> None:
    lesion = draw_lesion(
        seed, (96, 128), fitzpatrick=fitzpatrick, malignant=malignant, hair=hair
    ).image
    assert colour_space(lesion) != "YBR"
    assert colour_space(ybr(lesion)) != "RGB"


def test_grey_and_single_coloured_pictures_are_not_mistaken() -> None:
    grey = np.repeat(smooth_picture()[..., :1], 3, axis=2)
    assert colour_space(grey) == "RGB"
    red = smooth_picture() * np.array([1, 0, 0], np.uint8)
    assert colour_space(red) is None
    assert colour_space(np.full((20, 20, 3), 90, np.uint8)) is None
    assert colour_space(np.zeros((5, 1, 3), np.uint8)) is None
