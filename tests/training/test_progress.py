import pytest

from lentigo.training.phases import learning_rate
from lentigo.training.progress import EpochRecord, Progress
from lentigo.training.recipe import Phase


def phase(**changes: object) -> Phase:
    fields = {"name": "p", "epochs": 10, "learning_rate": 1.0, "loss": "bce"}
    return Phase.model_validate(fields | changes)


def after(scores: list[float], phase: Phase) -> Progress:
    progress = Progress()
    for score in scores:
        record = EpochRecord("p", 1, 0.1, 0.5, 0.5, score, best=False, seconds=1.0)
        progress = progress.after_epoch(phase, record)
    return progress


def test_a_phase_ends_after_its_epochs() -> None:
    assert after([0.1] * 9, phase()).phase == 0
    ended = after([0.1] * 10, phase())
    assert (ended.phase, ended.epoch, ended.best_score) == (1, 0, 0.1)


def test_early_stopping_waits_for_its_patience() -> None:
    stopping = phase(early_stopping=2)
    assert after([0.5, 0.4], stopping).phase == 0
    assert after([0.5, 0.4, 0.5], stopping).phase == 1  # as good is not better
    assert after([0.5, 0.4, 0.6, 0.5], stopping).phase == 0


def test_a_plateau_reduces_the_rate_once_for_each_patience() -> None:
    reducing = phase(plateau={"factor": 0.1, "patience": 2})
    reductions = [after([0.5] + [0.4] * n, reducing).reductions for n in range(6)]
    assert reductions == [0, 0, 1, 1, 2, 2]
    assert learning_rate(reducing, 0.0, 2) == pytest.approx(0.01)


def test_cosine_falls_from_the_rate_to_zero() -> None:
    falling = phase(schedule="cosine")
    rates = [learning_rate(falling, done, 0) for done in (0, 0.25, 0.5, 0.75, 1)]
    assert rates == sorted(rates, reverse=True)
    assert (rates[0], rates[2], rates[-1]) == pytest.approx((1, 0.5, 0))


def test_progress_survives_a_checkpoint() -> None:
    progress = after([0.3, 0.2], phase())
    assert Progress.from_dict(progress.to_dict()) == progress
