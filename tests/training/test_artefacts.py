from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lentigo.imaging.arrays import Size
from lentigo.training.augment import augment
from lentigo.training.overlays import hair_bank, ruler_bank
from lentigo.training.recipe_augmentation import Augmentation

SKIN = 190.0
HEIGHT, WIDTH = 96, 128


def skin(count: int = 16, height: int = HEIGHT, width: int = WIDTH) -> torch.Tensor:
    return torch.full((count, 3, height, width), SKIN)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shown(how: Augmentation, seed: int = 0, count: int = 16) -> torch.Tensor:
    """What an artefact takes from even skin, in grey levels, N×H×W."""
    return SKIN - augment(skin(count), None, how, seeded(seed))[0].mean(1)


def uneven_skin(count: int, height: int = HEIGHT, width: int = WIDTH) -> torch.Tensor:
    """Return skin whose mean colour is that of none of its pixels."""
    light = torch.rand(count, 3, height, width, generator=seeded(1)) < 0.5
    return torch.where(light, 220.0, 100.0)


@pytest.mark.parametrize("kind", ["hair", "ruler", "tube", "cutout"])
def test_a_probability_is_the_share_of_images_that_are_hit(kind: str) -> None:
    pixels = uneven_skin(200, 48, 64)

    def hits(probability: float) -> int:
        changed, _ = augment(pixels, None, Augmentation(**{kind: probability}), seeded())
        return int(((changed - pixels).abs().amax((1, 2, 3)) > 1).sum())

    assert hits(0) == 0
    assert hits(0.3) == pytest.approx(60, abs=22)
    assert hits(1) >= 190  # a tube as wide as the diagonal may lie outside


@pytest.mark.parametrize("kind", ["hair", "ruler", "tube", "cutout", "vignette"])
def test_two_seeds_draw_differently_and_one_alike(kind: str) -> None:
    how = Augmentation(**{kind: 0.9})
    assert torch.equal(shown(how, 1), shown(how, 1))
    assert not torch.equal(shown(how, 1), shown(how, 2))
    assert not torch.equal(shown(how, 1)[0], shown(how, 1)[1])


def test_hair_covers_little_and_is_thin_and_mostly_dark() -> None:
    changed = shown(Augmentation(hair=1), count=64)
    hair = changed.abs() > 20
    assert 0.005 < hair.float().mean() < 0.2
    assert (hair.float().mean((1, 2)) < 0.5).all()
    inner = -torch.nn.functional.max_pool2d(-hair.float()[:, None], 5, 1, 2)
    assert inner.sum() < 0.1 * hair.sum()  # of a line's pixels hardly one has only hair around
    assert (changed[hair] > 0).float().mean() > 0.7


def test_a_ruler_keeps_to_the_edges() -> None:
    marks = shown(Augmentation(ruler=1), count=64).abs() > 5
    assert marks.flatten(1).any(1).float().mean() > 0.95
    middle = marks[:, HEIGHT // 3 : -HEIGHT // 3, WIDTH // 3 : -WIDTH // 3]
    assert not middle.any()


@pytest.mark.parametrize("bank", [hair_bank, ruler_bank])
def test_banks_are_of_different_antialiased_drawings(
    bank: Callable[[Size, torch.device], torch.Tensor],
) -> None:
    drawings = bank((HEIGHT, WIDTH), torch.device("cpu"))
    assert all(drawing.any() for drawing in drawings)
    assert len({drawing.numpy().tobytes() for drawing in drawings}) == len(drawings)
    assert ((drawings > 0) & (drawings < 255)).any()


def test_a_vignette_darkens_corners_more_than_the_middle_and_at_most_as_stated() -> None:
    lost = shown(Augmentation(vignette=0.4), count=64) / SKIN
    corners = torch.stack([lost[:, y, x] for y in (0, -1) for x in (0, -1)])
    assert (corners.mean(0) >= lost[:, HEIGHT // 2, WIDTH // 2]).all()
    assert 0.25 < corners.mean(0).max() < 0.45
    assert lost.min() >= -1e-6


def test_a_tube_is_black_at_corners_and_never_hides_a_lesion() -> None:
    mask = torch.zeros(64, 1, HEIGHT, WIDTH)
    mask[:32, :, 30:60, 40:80] = 1
    mask[32:, :, :20, :20] = 1
    how = Augmentation(tube=1)
    changed, same_mask = augment(skin(64), mask, how, seeded())
    assert same_mask is not None
    assert torch.equal(same_mask, mask)
    assert (changed[mask.expand_as(changed) > 0] == SKIN).all()
    assert (changed[:32, :, 0, 0].mean(1) < 26).float().mean() > 0.8
    assert (changed[:, :, HEIGHT // 2, WIDTH // 2] == SKIN).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(24, 90), st.integers(24, 90))
def test_a_cutout_is_one_rectangle_of_the_stated_area(seed: int, height: int, width: int) -> None:
    pixels = uneven_skin(4, height, width)
    changed, _ = augment(pixels, None, Augmentation(cutout=1), seeded(seed))
    for before, after in zip(pixels, changed, strict=True):
        out = (before != after).any(0)
        rows, columns = out.any(1), out.any(0)
        assert torch.equal(out, rows[:, None] & columns[None])
        for along in (rows, columns):
            places = along.nonzero()[:, 0]
            assert len(places) == places[-1] - places[0] + 1
        rounding = (rows.sum() + columns.sum()) / 2 + 1
        assert 0.02 * height * width - rounding <= out.sum() <= 0.15 * height * width + rounding
        filled = after[:, out]
        black = torch.zeros(3, 1).expand_as(filled)
        mean = before.mean((1, 2))[:, None].expand_as(filled)
        assert torch.equal(filled, black) or torch.allclose(filled, mean, atol=0.01)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_everything_at_once_stays_in_range(seed: int) -> None:
    how = Augmentation(
        flips=True, rotation_deg=180, scale=1.5, brightness=0.5, contrast=0.5, gamma=2,
        vignette=1, blur=0.05, resolution=0.2, noise=60, hair=1, ruler=1, tube=1, cutout=1,
    )  # fmt: skip
    pixels = torch.rand(5, 3, 32, 40, generator=seeded(seed)) * 255
    changed, _ = augment(pixels, None, how, seeded(seed))
    assert changed.shape == pixels.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
