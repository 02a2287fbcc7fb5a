import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lentigo.imaging.arrays import Size
from lentigo.imaging.geometry import Letterbox, resize_mask, same_aspect
from lentigo.synthetic import draw_lesion

sides = st.integers(1, 400)
sizes = st.tuples(sides, sides)
photo_sizes = st.tuples(st.integers(150, 400), st.integers(150, 400))
targets = st.sampled_from([(256, 256), (192, 256), (144, 192), (96, 160)])


def disc(size_px: Size, radius_share: float = 0.3) -> np.ndarray:
    height, width = size_px
    rows, columns = np.mgrid[:height, :width]
    return np.hypot(rows - height / 2, columns - width / 2) < radius_share * min(size_px)


@given(sizes, sizes)
def test_the_inner_box_lies_centred_in_the_target_and_touches_it(
    source: Size, target: Size
) -> None:
    box = Letterbox(source, target).inner
    assert box.height >= 1
    assert box.width >= 1
    for start, length, side in zip(box[:2], box[2:], target, strict=True):
        assert start >= 0
        assert start + length <= side
        assert abs(start - (side - start - length)) <= 1
    assert box.height == target[0] or box.width == target[1]


@given(photo_sizes, targets)
def test_the_aspect_ratio_is_kept(source: Size, target: Size) -> None:
    letterbox = Letterbox(source, target)
    assert abs(letterbox.inner.height - source[0] * letterbox.scale) <= 0.5
    assert abs(letterbox.inner.width - source[1] * letterbox.scale) <= 0.5


@settings(max_examples=20, deadline=None)
@given(photo_sizes, targets)
def test_a_smooth_image_comes_back_as_it_was(source: Size, target: Size) -> None:
    rows, columns = np.mgrid[: source[0], : source[1]]
    smooth = 127 + 80 * np.sin(3 * rows / source[0]) * np.cos(3 * columns / source[1])
    letterbox = Letterbox(source, target)
    fitted = letterbox.image(np.repeat(smooth[..., None], 3, axis=2).astype(np.uint8))
    back = letterbox.back(fitted[..., 0].astype(np.float32))
    assert back.shape == source
    assert np.abs(back - smooth).mean() < 2


@settings(max_examples=20, deadline=None)
@given(photo_sizes, targets)
def test_a_mask_keeps_its_area_and_comes_back_in_place(source: Size, target: Size) -> None:
    mask, letterbox = disc(source), Letterbox(source, target)
    fitted = letterbox.mask(mask)
    assert fitted.sum() == pytest.approx(mask.sum() * letterbox.scale**2, rel=0.06)
    back = letterbox.back(fitted.astype(np.float32)) >= 0.5
    dice = 2 * (back & mask).sum() / (back.sum() + mask.sum())
    assert dice > 0.95


@settings(max_examples=20, deadline=None)
@given(sizes, targets, st.integers(0, 99))
def test_back_stays_within_the_values_that_came_in(source: Size, target: Size, seed: int) -> None:
    plane = np.random.default_rng(seed).random(target, dtype=np.float32)
    back = Letterbox(source, target).back(plane)
    assert back.dtype == np.float32
    assert back.shape == source
    assert plane.min() - 1e-6 <= back.min()
    assert back.max() <= plane.max() + 1e-6


@settings(max_examples=20, deadline=None)
@given(sizes, targets)
def test_every_shape_fits(source: Size, target: Size) -> None:
    letterbox = Letterbox(source, target)
    plain = np.full((*source, 3), 99, np.uint8)
    assert np.array_equal(letterbox.image(plain), np.full((*target, 3), 99, np.uint8))
    fitted = letterbox.mask(np.ones(source, bool))
    assert np.array_equal(np.argwhere(fitted)[[0, -1]].ravel(), _corners(letterbox))


def _corners(letterbox: Letterbox) -> list[int]:
    top, left, height, width = letterbox.inner
    return [top, left, top + height - 1, left + width - 1]


def test_the_filling_repeats_the_border() -> None:
    pixels = np.zeros((50, 100, 3), np.uint8)
    pixels[0], pixels[-1] = 10, 200
    fitted = Letterbox((50, 100), (100, 100)).image(pixels)
    assert (fitted[:25] == 10).all()
    assert (fitted[75:] == 200).all()


def test_the_filling_is_outside_the_mask() -> None:
    fitted = Letterbox((50, 100), (100, 100)).mask(np.ones((50, 100), bool))
    assert fitted[25:75].all()
    assert not fitted[:25].any()
    assert not fitted[75:].any()


def test_a_reduced_decode_fits_as_the_whole_does() -> None:
    rows, columns = np.mgrid[:600, :801]
    smooth = (127 + 80 * np.sin(rows / 150) * np.cos(columns / 200)).astype(np.uint8)
    pixels = np.repeat(smooth[..., None], 3, axis=2)
    reduced = np.asarray(Image.fromarray(pixels).reduce(2))
    letterbox = Letterbox((600, 801), (192, 256))
    difference = letterbox.image(pixels).astype(int) - letterbox.image(reduced)
    assert np.abs(difference).max() <= 3


def test_back_can_give_another_size() -> None:
    letterbox = Letterbox((600, 800), (192, 256))
    assert letterbox.back(np.zeros((192, 256), np.float32), (75, 100)).shape == (75, 100)


def test_small_detail_is_averaged_not_skipped() -> None:
    checks = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    fitted = Letterbox((512, 512), (64, 64)).image(np.repeat(checks[..., None], 3, axis=2))
    assert np.abs(fitted.astype(int) - 127).max() <= 3


def test_wrong_input_is_refused_with_what_was_got() -> None:
    letterbox = Letterbox((40, 60), (32, 32))
    with pytest.raises(ValueError, match="another scale"):
        letterbox.image(np.zeros((60, 40, 3), np.uint8))
    with pytest.raises(ValueError, match="float64"):
        letterbox.image(np.zeros((40, 60, 3)))
    with pytest.raises(ValueError, match="uint8"):
        letterbox.mask(np.zeros((40, 60), np.uint8))
    with pytest.raises(ValueError, match=r"\(32, 32\)"):
        letterbox.back(np.zeros((16, 16), np.float32))
    with pytest.raises(ValueError, match="at least 1×1"):
        Letterbox((0, 10), (32, 32))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((450, 600), (150, 200), True),
        ((2848, 4288), (2848, 4287), True),
        ((450, 600), (600, 450), False),
        ((512, 512), (450, 600), False),
        ((100, 100), (100, 104), False),
    ],
)
def test_two_scales_of_one_picture_are_told_from_two_shapes(one, other, same):
    assert same_aspect(one, other) == same_aspect(other, one) == same


@given(sizes, sizes, st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_a_mask_resized_near_its_lesion_is_the_whole_mask_resized(
    source: Size, target: Size, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    mask = np.zeros(source, bool)
    top, left = (int(generator.integers(0, side)) for side in source)
    part = mask[top : top + 30, left : left + 30]
    part[:] = generator.random(part.shape) < 0.8
    whole = Image.fromarray(mask.astype(np.uint8) * 255).resize(
        target[::-1], Image.Resampling.BILINEAR
    )
    grey, found = np.asarray(whole).astype(int), resize_mask(mask, target)
    assert np.abs(grey[found != (grey >= 128)] - 127.5).max(initial=0) < 1  # a tie, rounded


def test_a_camera_s_mask_is_so_to_the_last_pixel() -> None:
    small = Image.fromarray(draw_lesion(1).mask).resize((1024, 683))
    whole = small.convert("L").resize((6000, 4000), Image.Resampling.BILINEAR)
    assert np.array_equal(resize_mask(np.asarray(small), (4000, 6000)), np.asarray(whole) >= 128)
