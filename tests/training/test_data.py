import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.errors import TrainingError
from lentigo.training.data import batches_of, epoch_images


@given(
    count=st.integers(8, 200),
    batch_size=st.integers(1, 4),
    ranks=st.integers(1, 2),
    epoch=st.integers(0, 50),
)
def test_no_image_comes_twice_in_an_epoch(
    count: int, batch_size: int, ranks: int, epoch: int
) -> None:
    images = epoch_images(count, 0, 0.0, 3, epoch)
    orders = [batches_of(images, batch_size, rank, ranks) for rank in range(ranks)]
    seen = np.concatenate([batch for order in orders for batch in order])
    assert len(set(seen.tolist())) == len(seen) > count - batch_size * ranks
    assert {len(batch) for order in orders for batch in order} == {batch_size}
    assert len({len(order) for order in orders}) == 1


def test_the_order_is_the_epochs_alone() -> None:
    one, again, other = (epoch_images(50, 20, 0.25, 0, epoch) for epoch in (4, 4, 5))
    assert (one == again).all()
    assert (one != other).any()


def test_too_few_images_are_told() -> None:
    with pytest.raises(TrainingError, match="3 training images"):
        batches_of(np.arange(3), 2, 0, 2)


@given(own=st.integers(4, 60), further=st.integers(0, 200), share=st.floats(0.05, 0.9))
def test_a_further_source_makes_its_share_of_an_epoch(own: int, further: int, share: float) -> None:
    order = epoch_images(own + further, further, share, seed=0, epoch=1)
    assert sorted(order[order < own].tolist()) == list(range(own))
    drawn = np.count_nonzero(order >= own)
    assert drawn == min(further, round(own * share / (1 - share)))
    assert len(set(order.tolist())) == len(order)


def test_every_epoch_draws_others_of_the_further_source() -> None:
    drawn = [
        {i for i in epoch_images(110, 100, 0.5, 0, epoch).tolist() if i >= 10}
        for epoch in range(30)
    ]
    assert {len(one) for one in drawn} == {10}
    assert len(set.union(*drawn)) > 80
