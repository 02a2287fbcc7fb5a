import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lentigo.imaging.appearance import appearance
from lentigo.synthetic import draw_lesion


@pytest.fixture(scope="module")
def lesion() -> NDArray[np.uint8]:
    return draw_lesion(3, (768, 1024)).image


def test_every_number_is_finite_whatever_the_picture(lesion: NDArray[np.uint8]) -> None:
    names = list(appearance(lesion))
    for picture in (
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((5, 400, 3), np.uint8),
        np.full((100, 100, 3), 255, np.uint8),
    ):
        found = appearance(picture)
        assert list(found) == names
        assert np.isfinite(list(found.values())).all()


def test_resolution_and_aspect_ratio_are_no_cue(lesion: NDArray[np.uint8]) -> None:
    whole = appearance(lesion)
    for size in ((256, 192), (600, 600), (512, 384)):
        other = appearance(np.asarray(Image.fromarray(lesion).resize(size)))
        for name, value in other.items():
            assert value == pytest.approx(whole[name], abs=0.05 * abs(whole[name]) + 0.2), name


def test_names_tell_what_a_picture_looks_like() -> None:
    skin = appearance(np.full((80, 80, 3), (224, 172, 150), np.uint8))
    sky = appearance(np.full((80, 80, 3), (120, 170, 230), np.uint8))
    assert (skin["colour_skin_hues"], sky["colour_skin_hues"]) == (1, 0)
    board = np.indices((64, 64)).sum(0) // 8 % 2 * np.uint8(255)
    checks = appearance(board.astype(np.uint8)[..., None].repeat(3, -1))
    assert checks["texture_L_gradient_0"] > skin["texture_L_gradient_0"] + 3
    assert checks["texture_coherence_4_0"] > 0.9
    ring = np.hypot(*np.mgrid[-1:1:64j, -1:1:64j])[..., None]
    disc = appearance(np.where(ring < 0.5, np.uint8(30), np.uint8(200)).repeat(3, -1))
    assert disc["layout_L_step_2"] > 40
