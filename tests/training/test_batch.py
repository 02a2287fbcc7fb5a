"""What one step of a classifier's training sees."""

import numpy as np
import pytest
import torch
from tiny_training import recipe_of

from lentigo.training.augment import augment
from lentigo.training.batch import blended, mixup, smoothed, training_batch
from lentigo.training.data import Part

COUNT = 12
LABELS = (np.arange(COUNT) % 3 == 0).astype(np.float32)
STILL = {"augmentation": {}}


@pytest.fixture
def part() -> Part:
    """Images whose brightness tells which they are."""
    images = np.arange(COUNT, dtype=np.uint8)[:, None, None, None] * 20
    return Part(np.tile(images, (1, 8, 8, 3)), None, np.arange(COUNT), LABELS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_ingredients_a_batch_is_the_images_and_their_labels(part: Part) -> None:
    chosen = np.array([3, 0, 7])
    pixels, target = training_batch(recipe_of("classification", **STILL), part, chosen, seeded())
    assert torch.equal(pixels[:, 0, 0, 0], torch.tensor([60.0, 0.0, 140.0]))
    assert target.flatten().tolist() == [1, 1, 0]


def test_augmentation_is_as_before(part: Part) -> None:
    recipe = recipe_of("classification")
    chosen = np.arange(COUNT)
    pixels, _ = training_batch(recipe, part, chosen, seeded(4))
    expected, _ = augment(part.take(chosen)[0], None, recipe.augmentation, seeded(4))
    assert torch.equal(pixels, expected)


def test_a_share_of_one_changes_nothing_and_of_none_gives_the_partner() -> None:
    values = torch.randn(6, 3, 4, 4, generator=seeded())
    partners = torch.tensor([3, 1, 0, 5, 2, 4])
    assert torch.equal(blended(values, partners, 1.0), values)
    assert torch.equal(blended(values, partners, 0.0), values[partners])


def test_mixup_blends_labels_as_it_blends_images(part: Part) -> None:
    pixels, target = part.take(np.arange(COUNT))
    marked = torch.cat((pixels[:, :1] * 0 + target.view(-1, 1, 1, 1), pixels), dim=1)
    mixed, labels = mixup(marked, target, 1.0, seeded(3))
    torch.testing.assert_close(mixed[:, 0, 0, 0], labels[:, 0])
    assert labels.sum() == pytest.approx(target.sum())
    assert ((labels > 0) & (labels < 1)).any()
    again, _ = mixup(marked, target, 1.0, seeded(3))
    assert torch.equal(mixed, again)


def test_a_small_alpha_hardly_mixes_and_a_large_one_halves() -> None:
    target = torch.tensor([[0.0], [1.0]])
    shares: dict[float, list[float]] = {0.01: [], 100.0: []}
    for alpha, seen in shares.items():
        for seed in range(200):
            _, labels = mixup(target.view(2, 1, 1, 1), target, alpha, seeded(seed))
            seen.append(labels[0].item())
    away = {alpha: np.minimum(seen, 1 - np.array(seen)) for alpha, seen in shares.items()}
    assert np.mean(away[0.01] < 0.01) > 0.95
    mixed = away[100.0][away[100.0] > 0]  # one is its own partner in half of the batches
    assert 60 < len(mixed) < 140
    assert mixed.min() > 0.3


def test_smoothing_keeps_the_order_and_divides_a_share() -> None:
    target = torch.tensor([[0.0], [1.0], [0.5]])
    assert torch.equal(smoothed(target, 0.0), target)
    torch.testing.assert_close(smoothed(target, 0.1), torch.tensor([[0.05], [0.95], [0.5]]))


def test_a_recipe_mixes_first_and_then_smooths(part: Part) -> None:
    recipe = recipe_of("classification", mixup=1.0, label_smoothing=0.2, **STILL)
    pixels, target = training_batch(recipe, part, np.arange(COUNT), seeded(1))
    mixed, labels = mixup(*part.take(np.arange(COUNT)), 1.0, seeded(1))
    assert torch.equal(pixels, mixed)
    assert torch.equal(target, smoothed(labels, 0.2))
    assert target.min() == pytest.approx(0.1)
