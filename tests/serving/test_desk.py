import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

import pytest

from lentigo.serving.desk import BATCH, Desk, DeskClosedError, DeskFullError, TooLateError


def later() -> float:
    return time.monotonic() + 30


class Doubler:
    """Doubles numbers, once its door is open; 13 breaks it."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.began = threading.Event()
        self.batches: list[list[int]] = []

    def __call__(self, questions: Sequence[int]) -> Iterator[tuple[int, int | Exception]]:
        self.batches.append(list(questions))
        self.began.set()
        self.open.wait(10)
        for at, question in enumerate(questions):
            if question == 13:
                raise RuntimeError("thirteen")
            yield at, 2 * question


@pytest.fixture
def doubler() -> Iterator[Doubler]:
    doubler = Doubler()
    yield doubler
    doubler.open.set()


def busy_desk(doubler: Doubler, places: int = 10) -> Desk[int, int]:
    """A desk at work on a 0, so that what comes now waits."""
    desk = Desk(doubler, places)
    desk.submit(0, later())
    assert doubler.began.wait(5)
    return desk


def test_what_waits_is_taken_together_in_order_and_never_too_much(doubler: Doubler) -> None:
    desk = busy_desk(doubler)
    answers = [desk.submit(number, later()) for number in range(1, 7)]
    assert desk.waiting == 6
    doubler.open.set()
    assert [answer.result(5) for answer in answers] == [2, 4, 6, 8, 10, 12]
    assert doubler.batches == [[0], [1, 2, 3, 4], [5, 6]]
    assert max(map(len, doubler.batches)) <= BATCH
    assert desk.waiting == 0


def test_more_than_may_wait_is_refused_at_once(doubler: Doubler) -> None:
    desk = busy_desk(doubler, places=2)
    kept = [desk.submit(number, later()) for number in (1, 2)]
    assert desk.full
    with pytest.raises(DeskFullError):
        desk.submit(3, later())
    assert desk.retry_after_s >= 1
    doubler.open.set()
    assert [answer.result(5) for answer in kept] == [2, 4]


def test_a_withdrawn_question_gives_its_place_free(doubler: Doubler) -> None:
    desk = busy_desk(doubler, places=1)
    first = desk.submit(1, later())
    desk.withdraw(first)
    second = desk.submit(2, later())
    doubler.open.set()
    assert second.result(5) == 4
    assert doubler.batches == [[0], [2]]
    with pytest.raises(CancelledError):
        first.result(0)


def test_what_waited_beyond_its_deadline_is_not_begun(doubler: Doubler) -> None:
    desk = busy_desk(doubler)
    late, good = desk.submit(1, time.monotonic() - 1), desk.submit(2, later())
    doubler.open.set()
    with pytest.raises(TooLateError):
        late.result(5)
    assert good.result(5) == 4
    assert doubler.batches == [[0], [2]]


def test_a_broken_batch_tells_those_it_broke_and_the_next_goes_on(doubler: Doubler) -> None:
    desk = busy_desk(doubler)
    answers = [desk.submit(number, later()) for number in (1, 13, 3, 4, 5)]
    doubler.open.set()
    assert answers[0].result(5) == 2
    for answer in answers[1:4]:
        with pytest.raises(RuntimeError, match="thirteen"):
            answer.result(5)
    assert answers[4].result(5) == 10


def test_closing_finishes_what_was_taken_and_takes_no_more(doubler: Doubler) -> None:
    desk = busy_desk(doubler)
    answer = desk.submit(21, later())
    assert not desk.close(timeout_s=0.05)  # still at work
    with pytest.raises(DeskClosedError):
        desk.submit(1, later())
    doubler.open.set()
    assert desk.close(timeout_s=5)
    assert answer.result(0) == 42
    assert Desk(doubler, 1).close(timeout_s=0)  # never used


def test_it_tells_for_how_long_nothing_came_out(doubler: Doubler) -> None:
    desk = busy_desk(doubler)
    assert desk.busy_s >= 0
    began = desk.busy_s
    time.sleep(0.02)
    assert desk.busy_s > began
    doubler.open.set()
    desk.close(5)
    assert desk.busy_s == 0


def test_its_numbers_are_told(doubler: Doubler) -> None:
    sizes: list[int] = []
    waiting: list[int] = []
    doubler.open.set()
    desk = Desk(doubler, 5, on_batch=sizes.append, on_waiting=waiting.append)
    desk.submit(1, later()).result(5)
    desk.close(5)
    assert sizes == [1]
    assert waiting == [1, 0]
