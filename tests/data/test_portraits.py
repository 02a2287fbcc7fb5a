"""What is kept of a photo to find others of its scene."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from lentigo.data.portraits import _blurred, portraits
from lentigo.synthetic import draw_lesion


@pytest.mark.parametrize(("side_px", "sigma_px"), [(96, 2.5), (96, 6), (32, 6)])
def test_blurring_is_scipys(side_px: int, sigma_px: float) -> None:
    pictures = np.random.default_rng(0).uniform(0, 255, (3, side_px, side_px)).astype(np.float32)
    slow = [ndimage.gaussian_filter(picture, sigma_px) for picture in pictures]
    np.testing.assert_allclose(_blurred(pictures, sigma_px), slow, rtol=1e-4)


def test_a_photo_is_kept_alike_alone_and_in_a_block(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{seed}.png") for seed in range(3)]
    for seed, path in enumerate(paths):
        Image.fromarray(draw_lesion(seed, (192, 256)).image).save(path)
    block = portraits([None, *paths, str(tmp_path / "absent.png")])
    alone = [portraits([path]) for path in paths]
    assert block.read == [1, 2, 3]
    coarse = np.concatenate([one.coarse for one in alone])
    fine = np.concatenate([one.fine for one in alone]).astype(int)
    np.testing.assert_allclose(block.coarse, coarse, atol=1e-5)
    assert np.abs(block.fine - fine).max() <= 1  # rounding


def test_photos_that_cannot_be_read_leave_nothing() -> None:
    assert portraits([None, "absent.png"]).read == []
    assert portraits([]).fine.shape == (0, 96, 96)
