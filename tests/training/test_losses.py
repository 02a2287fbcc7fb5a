import pytest
import torch
from torch import Tensor

from lentigo.errors import RecipeError
from lentigo.training.losses import (
    LOSSES,
    balanced_weights,
    bce,
    dice,
    expected_loss,
    focal,
    focal_tversky,
    ldam,
    loss_of,
    tversky_index,
)

SURE = 8.0


def mask(rows: slice) -> Tensor:
    target = torch.zeros(1, 1, 16, 16)
    target[:, :, rows] = 1
    return target


def says(target: Tensor) -> Tensor:
    """Logits that are all but certain of a mask."""
    return (target * 2 - 1) * SURE


TRUTH, HALF, DOUBLE = mask(slice(4, 8)), mask(slice(4, 6)), mask(slice(4, 12))


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_better_mask_costs_less(name: str) -> None:
    loss = LOSSES[name]
    good, half, wrong = (loss(says(m), TRUTH) for m in (TRUTH, HALF, 1 - TRUTH))
    assert good < half < wrong
    assert good < 0.02


@pytest.mark.parametrize("name", list(LOSSES))
def test_images_do_not_mix(name: str) -> None:
    logits = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    target = (torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    together = LOSSES[name](logits, target)
    alone = torch.cat([LOSSES[name](logits[i : i + 1], target[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("name", list(LOSSES))
@pytest.mark.parametrize("target", [torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)])
@pytest.mark.parametrize("logit", [-60.0, 0.0, 60.0])
def test_gradients_stay_finite_at_the_extremes(name: str, target: Tensor, logit: float) -> None:
    logits = torch.full((1, 1, 8, 8), logit, requires_grad=True)
    LOSSES[name](logits, target).sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_raising_beta_makes_a_missed_pixel_cost_more() -> None:
    missed = [focal_tversky(says(HALF), TRUTH, alpha=0.3, beta=b).item() for b in (0.3, 0.7, 0.9)]
    assert missed == sorted(missed)
    assert missed[0] < missed[-1]


def test_raising_alpha_makes_a_pixel_in_excess_cost_more() -> None:
    excess = [focal_tversky(says(DOUBLE), TRUTH, alpha=a, beta=0.7).item() for a in (0.1, 0.3, 0.9)]
    assert excess == sorted(excess)
    assert excess[0] < excess[-1]


def test_by_default_a_miss_costs_more_than_an_excess_of_as_many_pixels() -> None:
    short, long = mask(slice(4, 6)), mask(slice(4, 10))
    assert focal_tversky(says(short), TRUTH) > focal_tversky(says(long), TRUTH)


def test_focal_tversky_is_the_papers_equation() -> None:
    logits, target = torch.randn(4, 1, 9, 9), (torch.rand(4, 1, 9, 9) > 0.4).float()
    index = tversky_index(logits, target, 0.3, 0.7)
    torch.testing.assert_close(focal_tversky(logits, target), (1 - index) ** 0.75)


def test_gamma_makes_the_worse_image_weigh_more() -> None:
    def pull(logits: Tensor, gamma: float) -> float:
        logits = logits.clone().requires_grad_()
        (slope,) = torch.autograd.grad(focal_tversky(logits, TRUTH, gamma=gamma).sum(), logits)
        return slope.abs().sum().item()

    nearly, badly = says(TRUTH) * 0.3, says(HALF) * 0.3
    assert pull(badly, 0.5) / pull(nearly, 0.5) > pull(badly, 1.0) / pull(nearly, 1.0)


def test_tversky_at_one_half_is_dice() -> None:
    logits, target = torch.randn(4, 1, 64, 64), (torch.rand(4, 1, 64, 64) > 0.4).float()
    torch.testing.assert_close(
        1 - tversky_index(logits, target, 0.5, 0.5), dice(logits, target), atol=1e-3, rtol=0
    )


def test_bce_works_on_labels_too() -> None:
    losses = bce(torch.tensor([[2.0], [2.0]]), torch.tensor([[1.0], [0.0]]))
    assert losses.shape == (2,)
    assert losses[0] < losses[1]


def labelled(*labels: float) -> tuple[Tensor, Tensor]:
    logits = torch.randn(len(labels), 1, generator=torch.Generator().manual_seed(0)) * 3
    return logits, torch.tensor(labels, dtype=torch.float32).view(-1, 1)


def test_focal_at_gamma_zero_is_weighted_cross_entropy() -> None:
    logits, target = labelled(0, 1, 1, 0, 1)
    plain = bce(logits, target)
    torch.testing.assert_close(focal(logits, target, gamma=0), plain)
    weighted = torch.where(target[:, 0] == 1, 0.8, 0.2) * plain
    torch.testing.assert_close(focal(logits, target, gamma=0, alpha=0.8), weighted)


def test_focal_is_the_papers_equation() -> None:
    logits, target = labelled(0, 1, 1, 0, 1)
    truth = torch.where(target == 1, logits.sigmoid(), 1 - logits.sigmoid())[:, 0]
    weight = torch.where(target == 1, 0.25, 0.75)[:, 0]
    expected = -weight * (1 - truth) ** 2 * truth.log()
    torch.testing.assert_close(focal(logits, target, gamma=2, alpha=0.25), expected)


def test_raising_gamma_makes_what_is_nearly_right_weigh_less() -> None:
    nearly, badly = torch.tensor([[2.0]]), torch.tensor([[-2.0]])
    truth = torch.ones(1, 1)
    shares = [(focal(nearly, truth, g) / focal(badly, truth, g)).item() for g in (0.0, 1.0, 2.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 10 * shares[-1]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("logit", [-60.0, 60.0])
def test_focal_slopes_stay_finite_where_a_label_is_certain(gamma: float, logit: float) -> None:
    logits = torch.full((1, 1), logit, requires_grad=True)
    focal(logits, torch.ones(1, 1), gamma).sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_ldam_asks_the_rarer_class_for_a_margin_wider_by_the_fourth_root() -> None:
    """An image is as far from a half as its margin where the loss is log 2."""
    half = torch.tensor(2.0).log().expand(1)
    for margin in (0.5, 3.0):
        rare, frequent = margin, margin * (1_600 / 8_100) ** 0.25
        for label, logit in ((1.0, rare), (0.0, -frequent)):
            cost = ldam(torch.tensor([[logit]]), torch.tensor([[label]]), margin, (8_100, 1_600))
            torch.testing.assert_close(cost, half)


def test_ldam_without_a_margin_is_cross_entropy() -> None:
    logits, target = labelled(0, 1, 1, 0, 1)
    torch.testing.assert_close(ldam(logits, target, 0.0, (9, 2)), bce(logits, target))


def test_a_recipes_options_and_the_class_counts_reach_the_loss() -> None:
    logits, target = labelled(0, 1, 1, 0, 1)
    by_name = loss_of("focal", {"gamma": 1, "alpha": 0.7}, (9, 2))
    assert torch.equal(by_name(logits, target), focal(logits, target, 1, 0.7))
    by_counts = loss_of("ldam", {"margin": 2}, (9, 2))
    assert torch.equal(by_counts(logits, target), ldam(logits, target, 2, (9, 2)))


def test_options_that_a_loss_does_not_have_are_told() -> None:
    with pytest.raises(RecipeError, match=r"no option \['beta'\]; it has \['alpha', 'gamma'\]"):
        loss_of("focal", {"beta": 1})
    with pytest.raises(RecipeError, match=r"no option \['class_counts'\]; it has \['margin'\]"):
        loss_of("ldam", {"class_counts": 1}, (9, 2))
    with pytest.raises(RecipeError, match="belongs to classification"):
        loss_of("ldam", {})


def test_a_hard_label_costs_its_classs_weight_times_its_loss() -> None:
    logits, target = labelled(0, 1, 1, 0, 1)
    weights = torch.tensor([0.6, 2.6])
    expected = torch.where(target[:, 0] == 1, 2.6, 0.6) * focal(logits, target)
    assert torch.equal(expected_loss(focal, logits, target, weights), expected)
    assert torch.equal(expected_loss(bce, logits, target), bce(logits, target))


def test_a_soft_label_costs_the_cross_entropy_with_it() -> None:
    logits, target = labelled(0.1, 0.5, 0.9, 1.0, 0.0)
    torch.testing.assert_close(expected_loss(bce, logits, target), bce(logits, target))


def test_balanced_weights_are_the_studys() -> None:
    labels = torch.cat([torch.zeros(8061), torch.ones(1954)])
    benign, malignant = balanced_weights(labels).tolist()
    assert benign == pytest.approx(0.621, abs=1e-3)
    assert malignant == pytest.approx(2.563, abs=1e-3)
    assert benign * 8061 == pytest.approx(malignant * 1954)


def test_balanced_weights_need_both_classes() -> None:
    with pytest.raises(ValueError, match="0 malignant"):
        balanced_weights(torch.zeros(5))
