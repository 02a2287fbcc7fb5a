import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lentigo.errors import TrainingError
from lentigo.training.data import balanced, batches_of, epoch_images

LABELS = (np.arange(300) % 5 == 0).astype(np.float32)  # one in five is malignant


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


@given(
    batch_size=st.integers(1, 40),
    ranks=st.integers(1, 3),
    epoch=st.integers(0, 50),
    count=st.integers(120, 300),
)
def test_balanced_batches_hold_both_classes_alike(
    batch_size: int, ranks: int, epoch: int, count: int
) -> None:
    images = balanced(epoch_images(count, 0, 0.0, 3, epoch), LABELS, 3, epoch)
    assert len(images) == count
    for rank in range(ranks):
        for batch in batches_of(images, batch_size, rank, ranks):
            assert abs(2 * LABELS[batch].sum() - batch_size) <= 1


@given(epoch=st.integers(0, 50))
def test_a_balanced_epoch_takes_the_rarer_classs_images_equally_often(epoch: int) -> None:
    images = balanced(epoch_images(300, 0, 0.0, 0, epoch), LABELS, 0, epoch)
    times = np.bincount(images, minlength=300)
    assert set(times[LABELS == 1]) == {2, 3}  # 150 draws of 60 images
    assert set(times[LABELS == 0]) == {0, 1}  # 150 draws of 240 images


def test_balanced_epochs_are_the_seeds_and_differ() -> None:
    order = epoch_images(300, 0, 0.0, 0, 4)
    one, again, other = (balanced(order, LABELS, 0, epoch) for epoch in (4, 4, 5))
    assert (one == again).all()
    assert (one != other).any()
    seen = {i for epoch in range(20) for i in balanced(order, LABELS, 0, epoch).tolist()}
    assert len(seen) == 300


def test_a_balanced_epoch_keeps_to_the_further_images_that_it_drew() -> None:
    order = epoch_images(300, 200, 0.5, 0, 1)
    assert set(balanced(order, LABELS, 0, 1).tolist()) <= set(order.tolist())


def test_an_epoch_of_one_class_cannot_be_balanced() -> None:
    with pytest.raises(TrainingError, match="of the 20 images of epoch 3 none has the label 1"):
        balanced(np.arange(20), np.zeros(20, np.float32), 0, 2)
