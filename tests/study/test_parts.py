"""A row that has seen a test image is not compared on it."""

import polars as pl
import pytest

from lentigo.study.parts import check_common_test
from lentigo.study.schema import StudyError


def parts(**of: str) -> pl.DataFrame:
    return pl.DataFrame({"image_id": list(of), "part": list(of.values())})


def test_rows_may_differ_in_all_but_the_test_part() -> None:
    check_common_test({})
    check_common_test(
        {
            "one": parts(a="train", b="validation", c="test"),
            "two": parts(b="train", d="validation", c="test"),
        }
    )


@pytest.mark.parametrize("part", ["train", "validation", "further"])
def test_a_test_image_in_another_part_is_refused(part: str) -> None:
    split = pl.concat((parts(a="train", c="test"), parts(c=part)))
    with pytest.raises(StudyError, match=r"two trained or tuned on 1 .* such as c"):
        check_common_test({"one": parts(a="train", c="test"), "two": split})


def test_another_test_part_is_refused() -> None:
    with pytest.raises(StudyError, match=r"two and one .*1 differ, such as d"):
        check_common_test(
            {"one": parts(a="train", c="test"), "two": parts(a="train", c="test", d="test")}
        )
