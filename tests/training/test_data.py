import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.errors import TrainingError
from lentigo.training.data import epoch_order


@given(
    count=st.integers(8, 200),
    batch_size=st.integers(1, 4),
    ranks=st.integers(1, 2),
    epoch=st.integers(0, 50),
)
def test_no_image_comes_twice_in_an_epoch(
    count: int, batch_size: int, ranks: int, epoch: int
) -> None:
    orders = [epoch_order(count, batch_size, 3, epoch, rank, ranks) for rank in range(ranks)]
    seen = np.concatenate([batch for order in orders for batch in order])
    assert len(set(seen.tolist())) == len(seen) > count - batch_size * ranks
    assert {len(batch) for order in orders for batch in order} == {batch_size}
    assert len({len(order) for order in orders}) == 1


def test_the_order_is_the_epochs_alone() -> None:
    one, again, other = (np.concatenate(epoch_order(50, 5, 0, epoch)) for epoch in (4, 4, 5))
    assert (one == again).all()
    assert (one != other).any()


def test_too_few_images_are_told() -> None:
    with pytest.raises(TrainingError, match="3 training images"):
        epoch_order(3, 2, 0, 0, 0, 2)
