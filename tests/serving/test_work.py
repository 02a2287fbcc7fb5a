import numpy as np
from numpy.typing import NDArray
from serving_client import png_of

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.forms import Json
from lentigo.serving.problems import Problem
from lentigo.serving.work import Answer, Question, Told, answer_all

WHOLE = Json()


def test_one_bad_image_costs_the_others_nothing(
    analyzer: Analyzer, photo: bytes, dark_disc: NDArray[np.uint8]
) -> None:
    upright = png_of(np.full((160, 120), 255, np.uint8))
    questions = [
        Question(photo, WHOLE),
        Question(b"words", WHOLE),
        Question(photo, WHOLE, outline=upright),
        Question(png_of(dark_disc[:, ::-1]), WHOLE),
    ]
    answers = dict(answer_all(analyzer, questions))
    assert [type(answers[at]) for at in range(4)] == [Answer, Problem, Problem, Answer]
    assert answers[2].code == "does-not-fit"
    assert (
        answers[0].finding == next(iter(answer_all(analyzer, [Question(photo, WHOLE)])))[1].finding
    )


def test_a_form_that_cannot_be_written_is_its_callers_problem_alone(
    analyzer: Analyzer, photo: bytes
) -> None:
    def refusing(told: Told) -> bytes:
        raise Problem(422, "no-lesion", told.finding.decision)

    questions = [Question(photo, refusing), Question(photo, WHOLE)]
    answers = dict(answer_all(analyzer, questions))
    assert [type(answers[at]) for at in range(2)] == [Problem, Answer]
