import pytest
import torch

from lentigo.training.augment import augment
from lentigo.training.recipe import Augmentation

ALL = Augmentation(
    flips=True, rotation_deg=180, scale=1.3, aspect=1.2, shift=0.1, brightness=0.2, contrast=0.2,
    saturation=0.2, tint=0.1, resolution=0.3,
)  # fmt: skip
GEOMETRY = ALL.model_copy(
    update={"brightness": 0, "contrast": 0, "saturation": 0, "tint": 0, "resolution": 1}
)


def disc(count: int = 8, height: int = 48, width: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright images with a dark ellipse off the centre, and its mask."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = (((rows - 20) / 9) ** 2 + ((columns - 38) / 13) ** 2 <= 1).float()
    mask = inside.expand(count, 1, height, width)
    return (220 - 180 * mask).repeat(1, 3, 1, 1), mask


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_augmentation_nothing_changes() -> None:
    pixels, mask = disc()
    same, same_mask = augment(pixels, mask, Augmentation(), seeded())
    assert torch.equal(same, pixels)
    assert same_mask is not None
    assert torch.equal(same_mask, mask)


def test_mask_and_image_move_together() -> None:
    pixels, mask = disc()
    moved, moved_mask = augment(pixels, mask, GEOMETRY, seeded())
    assert moved_mask is not None
    dark = (moved.mean(1, keepdim=True) < 130).float()
    overlap = (dark * moved_mask).sum((1, 2, 3)) / (dark + moved_mask).clamp_max(1).sum((1, 2, 3))
    assert (overlap > 0.97).all()
    assert not torch.equal(moved[0], moved[1])


def test_the_same_state_gives_the_same_batch() -> None:
    pixels, mask = disc()
    one, other = (augment(pixels, mask, ALL, seeded(5))[0] for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(one, augment(pixels, mask, ALL, seeded(6))[0])


def test_pixels_stay_pixels_and_masks_masks() -> None:
    pixels, mask = disc()
    for seed in range(5):
        changed, changed_mask = augment(pixels, mask, ALL, seeded(seed))
        assert changed.min() >= -1e-3
        assert changed.max() <= 255 + 1e-3  # what resampling rounds
        assert changed_mask is not None
        assert set(changed_mask.unique().tolist()) <= {0.0, 1.0}


def test_a_turn_keeps_a_lesions_area_in_a_picture_that_is_not_square() -> None:
    turned = Augmentation(rotation_deg=180)
    _, mask = disc()
    _, moved = augment(disc()[0], mask, turned, seeded())
    assert moved is not None
    areas = moved.sum((1, 2, 3)) / mask.sum((1, 2, 3))
    assert areas.tolist() == pytest.approx([1.0] * len(areas), abs=0.06)


def test_scale_is_a_factor_of_the_side() -> None:
    scaled = Augmentation(scale=1.5)
    _, mask = disc(64)
    _, moved = augment(disc(64)[0], mask, scaled, seeded())
    assert moved is not None
    factors = (moved.sum((1, 2, 3)) / mask.sum((1, 2, 3))).sqrt()
    assert 1 / 1.6 < factors.min() < 0.8
    assert 1.2 < factors.max() < 1.6


def test_flips_come_in_all_four_kinds() -> None:
    _, mask = disc(64)
    _, moved = augment(disc(64)[0], mask, Augmentation(flips=True), seeded())
    assert moved is not None
    kinds = {
        name
        for name, kind in {
            "none": mask[0],
            "across": mask[0].flip(2),
            "down": mask[0].flip(1),
            "both": mask[0].flip(1, 2),
        }.items()
        if any(torch.equal(image, kind) for image in moved)
    }
    assert kinds == {"none", "across", "down", "both"}


def test_saturation_leaves_grey_grey_and_contrast_keeps_the_mean() -> None:
    grey = torch.rand(4, 1, 16, 16).repeat(1, 3, 1, 1) * 100 + 70
    changed, _ = augment(grey, None, Augmentation(saturation=0.9), seeded())
    torch.testing.assert_close(changed, grey, atol=1e-2, rtol=0)
    changed, _ = augment(grey, None, Augmentation(contrast=0.5), seeded())
    torch.testing.assert_close(changed.mean((1, 2, 3)), grey.mean((1, 2, 3)), atol=0.1, rtol=0)
    assert not torch.allclose(changed, grey, atol=1)


def test_resolution_takes_detail_away_and_keeps_the_colour() -> None:
    fine = torch.rand(4, 3, 64, 64, generator=seeded()) * 255
    soft = [augment(fine, None, Augmentation(resolution=0.2), seeded(s))[0] for s in range(12)]
    detail = [image.std().item() / fine.std().item() for image in soft]
    assert max(detail) == pytest.approx(1)
    assert min(detail) < 0.5
    assert all(abs((image.mean() - fine.mean()).item()) < 3 for image in soft)
