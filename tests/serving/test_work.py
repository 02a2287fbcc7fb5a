import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from serving_client import png_of

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.problems import Problem
from lentigo.serving.work import Answer, Question, answer_all, run_lengths

SIDES = st.integers(1, 12)


@given(arrays.arrays(bool, st.tuples(SIDES, SIDES)))
def test_run_lengths_can_be_undone(mask: NDArray[np.bool_]) -> None:
    lengths = run_lengths(mask)
    values = np.arange(len(lengths.counts)) % 2 == 1
    assert np.array_equal(np.repeat(values, lengths.counts).reshape(lengths.size, order="F"), mask)
    assert 0 not in lengths.counts[1:]


def test_one_bad_image_costs_the_others_nothing(
    analyzer: Analyzer, photo: bytes, dark_disc: NDArray[np.uint8]
) -> None:
    upright = png_of(np.full((160, 120), 255, np.uint8))
    questions = [
        Question(photo),
        Question(b"words"),
        Question(photo, outline=upright),
        Question(png_of(dark_disc[:, ::-1])),
    ]
    answers = dict(answer_all(analyzer, questions))
    assert [type(answers[at]) for at in range(4)] == [Answer, Problem, Problem, Answer]
    assert answers[2].code == "does-not-fit"
    assert answers[0].finding == next(iter(answer_all(analyzer, [Question(photo)])))[1].finding
