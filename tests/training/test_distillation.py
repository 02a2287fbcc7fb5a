"""What a net takes over from its teachers."""

from pathlib import Path

import pytest
import torch
from tiny_training import Silent, recipe_of

from lentigo.errors import RecipeError, TrainingError
from lentigo.nets import build_net
from lentigo.training.distillation import distillation_loss, teachers_of
from lentigo.training.export import export
from lentigo.training.others import MeanOfNets, recipes_behind
from lentigo.training.recipe import read_recipe
from lentigo.training.run import train


def logits(count: int = 6, width: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def test_the_loss_is_least_where_the_net_answers_as_its_teachers() -> None:
    taught = logits()
    least = distillation_loss(taught, taught, 0.5)
    for seed in range(1, 6):
        assert distillation_loss(taught + 0.3 * logits(seed=seed), taught, 0.5) > least
    answered = taught.clone().requires_grad_()
    distillation_loss(answered, taught, 0.5).backward()  # type: ignore[no-untyped-call]
    assert answered.grad is not None
    assert answered.grad.abs().max() < 1e-6


def test_diagnoses_count_by_their_weight() -> None:
    net, taught = logits(seed=1), logits(seed=2)
    alone = distillation_loss(net[:, :1], taught[:, :1], 0.5)
    once, twice = (distillation_loss(net, taught, weight) - alone for weight in (0.5, 1.0))
    assert twice == pytest.approx(2 * once)


def test_teachers_answer_with_the_mean_of_their_logits_and_do_not_learn() -> None:
    torch.manual_seed(0)
    nets = [build_net("tiny-classifier") for _ in range(2)]
    pixels = torch.rand(3, 3, 32, 32) * 255
    teachers = MeanOfNets(nets)
    expected = torch.stack([net.eval()(pixels) for net in nets]).mean(0)
    assert torch.allclose(teachers(pixels), expected)
    assert not any(p.requires_grad for p in teachers.parameters())


@pytest.fixture
def taught(drawn_root: Path, tmp_path: Path) -> Path:
    """A run that is done."""
    train(recipe_of("classification"), {"csv": drawn_root}, tmp_path / "teacher", Silent())
    return tmp_path / "teacher"


def pupil(*teachers: Path, weight: float = 0.5, **changes: object):  # type: ignore[no-untyped-def]
    named = {"teachers": [str(path) for path in teachers], "weight": weight}
    return recipe_of("classification", distillation=named, **changes)


def test_a_pupil_learns_something_else_than_from_labels_alone(
    taught: Path, drawn_root: Path, tmp_path: Path
) -> None:
    losses = {}
    for name, recipe in {
        "labels": recipe_of("classification"),
        "none": pupil(taught, weight=0.0),
        "taught": pupil(taught, weight=0.9),
    }.items():
        history = train(recipe, {"csv": drawn_root}, tmp_path / name, Silent()).history
        losses[name] = [record.train_loss for record in history]
    assert losses["none"] == losses["labels"]
    assert losses["taught"] != losses["labels"]


def test_a_teacher_that_cannot_teach_is_refused_before_any_work(
    taught: Path, drawn_root: Path, tmp_path: Path
) -> None:
    def attempt(recipe) -> None:  # type: ignore[no-untyped-def]
        train(recipe, {"csv": drawn_root}, tmp_path / "pupil", Silent())

    with pytest.raises(RecipeError, match="nowhere holds no run and no bundle"):
        attempt(pupil(tmp_path / "nowhere"))
    data = {"source": "csv", "split": {"train": 0.5, "validation": 0.5}, "size": 64}
    with pytest.raises(RecipeError, match="trained with other size, region or preprocessing, spl"):
        attempt(pupil(taught, data=data))
    (taught / "tuned.json").unlink()
    with pytest.raises(TrainingError, match="has not ended"):
        attempt(pupil(taught))
    assert not (tmp_path / "pupil").exists()


def test_a_bundle_teaches_what_its_run_would(
    taught: Path, drawn_root: Path, tmp_path: Path
) -> None:
    bundle = export(taught, tmp_path / "bundle", with_weights=False)
    recipe = pupil(taught)
    own, shipped = (teachers_of(pupil(path)) for path in (taught, bundle.path))
    pixels = torch.randint(0, 256, (5, 3, *recipe.data.size_px)).float()
    assert own and shipped
    torch.testing.assert_close(shipped(pixels), own(pixels), atol=2e-3, rtol=0)
    train(pupil(bundle.path), {"csv": drawn_root}, tmp_path / "pupil", Silent())
    assert export(tmp_path / "pupil", tmp_path / "made").spec.trained_on == ("csv",)


def test_what_its_teachers_learnt_from_is_named_with_a_pupil(taught: Path) -> None:
    of_teacher = read_recipe(taught / "recipe.yaml")
    behind = list(recipes_behind(pupil(taught)))
    assert behind == [pupil(taught), of_teacher]


def test_a_recipe_gives_teachers_to_classifiers_alone_and_not_beside_mixup() -> None:
    named = {"teachers": ["runs/a"]}
    with pytest.raises(ValueError, match="distillation belong"):
        recipe_of("segmentation", distillation=named)
    with pytest.raises(ValueError, match="mixup and distillation"):
        recipe_of("classification", distillation=named, mixup=0.2)
