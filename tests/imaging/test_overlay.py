import numpy as np
import pytest

from lentigo.imaging.overlay import OUTLINE_COLOUR, draw_outline
from lentigo.synthetic import draw_lesion


def disc(size: int = 200, radius: float = 60) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - size / 2
    return np.hypot(rows, columns) < radius


def test_only_the_outline_is_painted() -> None:
    image = np.full((200, 200, 3), 120, np.uint8)
    drawn = draw_outline(image, disc(), width_px=4)
    assert drawn.shape == image.shape
    assert (image == 120).all()
    rows, columns = np.mgrid[:200, :200] - 100.0
    from_border = np.abs(np.hypot(rows, columns) - 60)
    assert (drawn[from_border > 7] == 120).all()
    assert np.abs(drawn[from_border < 0.5].astype(int) - OUTLINE_COLOUR).max() < 40


def test_an_empty_mask_paints_nothing() -> None:
    image = np.full((50, 60, 3), 90, np.uint8)
    assert np.array_equal(draw_outline(image, np.zeros((50, 60), bool)), image)


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="differ in size"):
        draw_outline(np.zeros((50, 60, 3), np.uint8), np.zeros((60, 50), bool))


@pytest.mark.parametrize("width_px", [None, 3.0, 9.5])
@pytest.mark.parametrize("moved", [(0, 0), (-70, 40), (95, -60)])
def test_drawn_near_the_lesion_it_is_as_drawn_over_the_whole_picture(
    width_px: float | None, moved: tuple[int, int]
) -> None:
    image = np.full((260, 300, 3), 120, np.uint8)
    mask = np.roll(np.pad(draw_lesion(4, (200, 220)).mask, ((30, 30), (40, 40))), moved, (0, 1))
    near = draw_outline(image, mask, width_px=width_px)
    marked = mask.copy()
    marked[0, 0] = marked[-1, -1] = True  # parts in two corners: the box is the whole picture
    far = draw_outline(image, marked, width_px=width_px)
    rows, columns = np.nonzero((near != far).any(axis=2))
    corner = np.minimum(rows, 259 - rows) + np.minimum(columns, 299 - columns)
    assert (corner < 40).all()
