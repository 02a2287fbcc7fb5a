import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from scipy.special import expit

from lentigo.bundle import Feature
from lentigo.imaging.outline_quality import LEAST_DOUBT, OutlineFeatures, outline_features


def soft_disc(sharpness: float, radius_px: float = 20.0) -> NDArray[np.float32]:
    """A disc's probability, 64×64, one half on its border."""
    rows, columns = np.ogrid[:64, :64]
    distance_px = radius_px - np.hypot(rows - 31.5, columns - 31.5)
    return expit(sharpness * distance_px).astype(np.float32)


def of(probability: NDArray[np.float32], threshold: float = 0.5) -> OutlineFeatures:
    features = outline_features(probability, probability >= threshold)
    assert features is not None
    return features


def test_the_features_are_what_they_are_defined_to_be() -> None:
    probability = np.array([[0.9, 0.8, 0.1], [0.7, 0.2, 0.0], [0.0, 0.0, 0.4]], np.float32)
    features = of(probability)
    assert features.log_doubt_inside == pytest.approx(math.log(0.01 + 0.6 / 3))
    assert features.log_doubt_outside == pytest.approx(math.log(0.01 + 0.7 / 3))
    assert features.solidity == pytest.approx(3 / 3.5)  # the hull cuts half the fourth pixel


def test_a_bundle_knows_the_features_by_their_names() -> None:
    assert get_args(Feature) == OutlineFeatures._fields


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 5), st.floats(0.05, 5))
def test_the_sharper_of_two_maps_is_the_less_doubted(one: float, other: float) -> None:
    blurred, sharp = (of(soft_disc(sharpness)) for sharpness in sorted((one, other)))
    assert sharp.log_doubt_inside <= blurred.log_doubt_inside
    assert sharp.log_doubt_outside <= blurred.log_doubt_outside
    assert sharp.solidity == blurred.solidity


def test_no_map_is_more_certain_than_a_mask_is_of_itself() -> None:
    probability = (soft_disc(1) >= 0.5).astype(np.float32)
    features = of(probability)
    assert features.log_doubt_inside == features.log_doubt_outside == math.log(LEAST_DOUBT)


def test_a_second_lesion_that_was_dropped_is_doubt() -> None:
    alone = soft_disc(2)
    both = alone.copy()
    both[2:9, 2:9] = 0.95
    mask = alone >= 0.5
    one, two = outline_features(alone, mask), outline_features(both, mask)
    assert one is not None
    assert two is not None
    assert two.log_doubt_outside > one.log_doubt_outside + 0.2
    assert two.log_doubt_inside == pytest.approx(one.log_doubt_inside)


@settings(max_examples=50, deadline=None)
@given(
    array_shapes(min_dims=2, max_dims=2, max_side=8).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.floats(0, 1, width=16))
    )
)
def test_turning_mirroring_and_enlarging_change_nothing(probability: NDArray[np.float32]) -> None:
    mask = probability >= 0.5
    features = outline_features(probability, mask)
    if features is None:
        assert not mask.any()
        return
    assert 0 < features.solidity <= 1 + 1e-12
    for change in (
        np.rot90,
        np.fliplr,
        np.transpose,
        lambda plane: plane.repeat(3, axis=0).repeat(3, axis=1),
    ):
        changed = outline_features(change(probability), change(mask))
        assert changed == pytest.approx(features)


def test_a_convex_outline_is_solid_and_a_branched_one_is_not() -> None:
    cross = np.zeros((30, 30), np.float32)
    cross[14:16] = cross[:, 14:16] = 1
    assert of(np.ones((5, 7), np.float32)).solidity == 1
    assert of(soft_disc(1)).solidity > 0.95
    assert of(cross).solidity < 0.3


def test_an_empty_outline_has_no_features() -> None:
    assert outline_features(np.zeros((4, 5), np.float32), np.zeros((4, 5), bool)) is None


@pytest.mark.parametrize("mask", [np.ones((5, 4), bool), np.ones((4, 5), np.uint8)])
def test_what_does_not_fit_is_refused(mask: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match=r"expected a bool mask of the map's shape \(4, 5\)"):
        outline_features(np.ones((4, 5), np.float32), mask)
