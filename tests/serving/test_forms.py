import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from lentigo.serving.forms import run_lengths

SIDES = st.integers(1, 12)


@given(arrays.arrays(bool, st.tuples(SIDES, SIDES)))
def test_run_lengths_can_be_undone(mask: NDArray[np.bool_]) -> None:
    lengths = run_lengths(mask)
    values = np.arange(len(lengths.counts)) % 2 == 1
    assert np.array_equal(np.repeat(values, lengths.counts).reshape(lengths.size, order="F"), mask)
    assert 0 not in lengths.counts[1:]
