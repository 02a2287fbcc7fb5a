import numpy as np
import pytest

from lentigo.imaging.overlay import OUTLINE_COLOUR, draw_outline


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
