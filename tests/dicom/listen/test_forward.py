import pytest

from lentigo.dicom.listen.forward import FIRST_WAIT_S, LONGEST_WAIT_S, parse_node, wait_s
from lentigo.errors import LentigoError


@pytest.mark.parametrize(
    ("text", "host"),
    [("A@h:104", "h"), ("A@10.0.0.1:104", "10.0.0.1"), ("A@[::1]:104", "::1")],
)
def test_a_node_is_read_from_its_text(text: str, host: str) -> None:
    assert parse_node(text) == ("A", host, 104)


@pytest.mark.parametrize(
    "text", ["", "h:104", "A@h", "A@h:0", "A@h:65536", "A@h:x", "A B@h:1", f"{'A' * 17}@h:1"]
)
def test_what_is_no_node_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(LentigoError, match="expected AET@HOST:PORT, such as"):
        parse_node(text)


def test_waits_double_up_to_the_longest() -> None:
    waits = [wait_s(failures) for failures in range(1, 200)]
    assert waits[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S
