import pytest
import torch

from lentigo.training.augment import augment, augment_view
from lentigo.training.recipe_augmentation import Augmentation

ALL = Augmentation(
    flips=True, rotation_deg=180, scale=1.3, aspect=1.2, shift=0.1, brightness=0.2, contrast=0.2,
    saturation=0.2, tint=0.1, resolution=0.3, gamma=1.5, vignette=0.5, blur=0.03, noise=20,
    hair=0.7, ruler=0.5, tube=0.5, cutout=0.5,
)  # fmt: skip
_KINDS = ("flips", "rotation_deg", "scale", "aspect", "shift")
GEOMETRY = Augmentation(**{name: getattr(ALL, name) for name in _KINDS})
PHOTOMETRY = ALL.model_copy(update={name: getattr(Augmentation(), name) for name in _KINDS})


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


def textured(count: int = 8, side: int = 48, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=seeded(seed)) * 255


def detail(pixels: torch.Tensor) -> torch.Tensor:
    """The energy of the gradients, one number an image."""
    down, across = pixels.diff(dim=2), pixels.diff(dim=3)
    return down.square().mean((1, 2, 3)) + across.square().mean((1, 2, 3))


def test_what_is_not_geometry_leaves_the_mask_alone() -> None:
    pixels, mask = disc()
    changed, same_mask = augment(pixels, mask, PHOTOMETRY, seeded())
    assert same_mask is not None
    assert torch.equal(same_mask, mask)
    assert all(not torch.equal(one, other) for one, other in zip(changed, pixels, strict=True))


def test_the_batch_that_came_in_is_not_written_to() -> None:
    pixels, mask = disc()
    augment(pixels, mask, ALL, seeded())
    assert torch.equal(pixels, disc()[0])
    assert torch.equal(mask, disc()[1])


def test_resolution_takes_detail_away_and_keeps_the_colour() -> None:
    fine = textured(16, 64)
    how = Augmentation(resolution=0.2)
    soft = torch.cat([augment(fine, None, how, seeded(seed))[0] for seed in range(2)])
    left = detail(soft) / detail(fine).repeat(2)
    assert left.max() == pytest.approx(1)
    assert left.min() < 0.3
    means = soft.mean((1, 2, 3)) - fine.mean((1, 2, 3)).repeat(2)
    assert means.abs().max() < 3


@pytest.mark.parametrize("count", [1, 2, 3, 5, 16])
def test_a_batch_mixes_resolutions_whatever_its_size(count: int) -> None:
    fine = textured(count)
    how = Augmentation(resolution=0.2)
    batches = [augment(fine, None, how, seeded(seed))[0] for seed in range(12)]
    sharp = [torch.isclose(detail(batch), detail(fine)) for batch in batches]
    assert any(one.any() for one in sharp)
    assert any(not one.all() for one in sharp)
    assert count == 1 or any(one.any() and not one.all() for one in sharp)


def test_more_blur_leaves_less_detail_and_the_same_mean() -> None:
    fine = textured()
    strengths = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)
    blurred = [augment(fine, None, Augmentation(blur=x), seeded())[0] for x in strengths]
    energies = torch.stack([detail(pixels) for pixels in blurred])
    assert (energies.diff(dim=0) <= 0).all()
    assert (energies[-1] < 0.7 * energies[0]).any()
    assert energies[-1].unique().numel() == len(fine)  # every image by a sigma of its own
    assert all((pixels - fine).mean((1, 2, 3)).abs().max() < 4 for pixels in blurred)


def test_noise_has_at_most_the_stated_deviation_and_no_mean() -> None:
    grey = torch.full((32, 3, 48, 48), 128.0)
    noise = augment(grey, None, Augmentation(noise=10), seeded())[0] - grey
    deviations = noise.std((2, 3))
    assert deviations.max() < 10.5
    assert deviations.max() > 6
    assert deviations.amax(1).min() < 3
    assert (deviations.amin(1) > 0.45 * deviations.amax(1)).all()
    assert noise.mean((2, 3)).abs().max() < 1


def test_gamma_keeps_black_white_and_the_order_of_greys() -> None:
    greys = torch.linspace(0, 255, 256).view(1, 1, 16, 16).expand(32, 3, 16, 16)
    changed = augment(greys, None, Augmentation(gamma=2), seeded())[0]
    assert changed.flatten(1).amin(1).tolist() == [0] * 32
    assert changed.flatten(1).amax(1).tolist() == pytest.approx([255] * 32)
    assert (changed[:, 0].flatten(1).diff(dim=1) > 0).all()
    middle = changed[:, 0, 8, 0] / 255
    assert 0.25 <= middle.min() < 0.4
    assert 0.6 < middle.max() <= 0.5**0.5 + 0.01


def test_a_classifiers_mask_moves_with_its_picture() -> None:
    pixels, mask = disc()
    seen = torch.cat((pixels, mask * 255), dim=1)
    changed = augment_view(seen, ALL, seeded(3))
    picture, moved = augment(pixels, mask, ALL, seeded(3))
    assert moved is not None
    assert torch.equal(changed, torch.cat((picture, moved * 255), dim=1))


def test_two_pictures_of_a_photo_are_changed_alike() -> None:
    pixels, _ = disc()
    for picture in augment_view(torch.cat((pixels, pixels), dim=1), ALL, seeded(3)).chunk(2, dim=1):
        assert torch.equal(picture, augment(pixels, None, ALL, seeded(3))[0])


@pytest.mark.parametrize("name", list(Augmentation.model_fields))
def test_each_change_reaches_what_a_classifier_sees(name: str) -> None:
    """Taken by itself, on one picture as on two or with a mask."""
    pixels, mask = disc()
    pixels = pixels * torch.tensor([1.0, 0.8, 0.6]).view(1, 3, 1, 1)  # skin is not grey
    how = Augmentation(**{name: getattr(ALL, name)})
    for seen in (pixels, torch.cat((pixels, mask * 255), 1), torch.cat((pixels, pixels), 1)):
        batches = [augment_view(seen, how, seeded(seed)) for seed in range(4)]
        assert batches[0].shape == seen.shape
        for start in range(0, seen.shape[1] - 2, 3):
            assert not all(torch.equal(one[:, start : start + 3], pixels) for one in batches)
