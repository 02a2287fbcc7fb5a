import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.metrics import f1_score, jaccard_score
from torchmetrics.functional.segmentation import dice_score, mean_iou

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.segmentation import (
    PixelCounts,
    count_pixels,
    count_pixels_by_threshold,
    segmentation_metrics,
    stack_counts,
)


def mask_pairs():
    shapes = array_shapes(min_dims=2, max_dims=2, max_side=6)
    return shapes.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))


def counts_of(*tp_fp_fn_tn):
    return PixelCounts(*(np.array(column) for column in zip(*tp_fp_fn_tn, strict=True)))


@given(mask_pairs())
def test_scores_agree_with_scikit_learn(pair):
    prediction, truth = pair
    counts = count_pixels(prediction, truth)
    flat = truth.ravel(), prediction.ravel()
    assert counts.dice == pytest.approx(f1_score(*flat, zero_division=1.0))
    assert counts.jaccard == pytest.approx(jaccard_score(*flat, zero_division=1.0))
    assert counts.tp + counts.fp + counts.fn + counts.tn == truth.size


@given(mask_pairs())
def test_dice_is_symmetric_and_determined_by_jaccard(pair):
    prediction, truth = pair
    counts, swapped = count_pixels(prediction, truth), count_pixels(truth, prediction)
    assert counts.dice == swapped.dice
    assert counts.dice == pytest.approx(2 * counts.jaccard / (1 + counts.jaccard))
    assert 0 <= counts.jaccard <= counts.dice <= 1


def test_two_empty_masks_agree_and_a_false_alarm_does_not():
    empty, full = np.zeros((4, 5), bool), np.ones((4, 5), bool)
    assert count_pixels(empty, empty).dice == count_pixels(empty, empty).jaccard == 1
    assert count_pixels(full, empty).dice == count_pixels(full, empty).jaccard == 0


@given(
    mask_pairs().flatmap(
        lambda pair: st.tuples(
            st.just(pair[1]),
            arrays(
                np.float32,
                pair[1].shape,
                elements=st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]),
            ),
        )
    )
)
def test_counts_by_threshold_are_those_of_each_threshold_alone(case):
    truth, probability = case
    thresholds = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
    together = count_pixels_by_threshold(probability, truth, thresholds)
    alone = stack_counts(
        [count_pixels(probability >= float(threshold), truth) for threshold in thresholds]
    )
    for name in ("tp", "fp", "fn", "tn"):
        assert np.array_equal(getattr(together, name), getattr(alone, name))


def test_metrics_agree_with_torchmetrics():
    generator = np.random.default_rng(0)
    truth = generator.random((40, 16, 16)) < generator.random((40, 1, 1))
    prediction = truth ^ (generator.random((40, 16, 16)) < 0.3 * generator.random((40, 1, 1)))
    counts = stack_counts([count_pixels(p, t) for p, t in zip(prediction, truth, strict=True)])
    metrics = segmentation_metrics(counts, [str(i) for i in range(40)])

    one_hot = [torch.from_numpy(mask[:, None]).long() for mask in (prediction, truth)]
    per_image = dice_score(*one_hot, num_classes=1, input_format="one-hot")
    iou = mean_iou(*one_hot, num_classes=1, input_format="one-hot")
    assert metrics.dice_per_image.value == pytest.approx(per_image.mean().item(), abs=1e-6)
    assert metrics.jaccard_per_image.value == pytest.approx(iou.mean().item(), abs=1e-6)
    assert metrics.dice_pooled.value == pytest.approx(f1_score(truth.ravel(), prediction.ravel()))
    assert metrics.jaccard_pooled.value == pytest.approx(
        jaccard_score(truth.ravel(), prediction.ravel())
    )
    jaccard = iou.flatten().numpy()
    assert metrics.failure_rate.value == pytest.approx((jaccard < 0.65).mean())
    assert metrics.thresholded_jaccard.value == pytest.approx(
        np.where(jaccard < 0.65, 0, jaccard).mean(), abs=1e-6
    )


def test_per_image_counts_a_small_lesion_like_a_large_one_and_pooled_does_not():
    metrics = segmentation_metrics(counts_of((1000, 0, 0, 0), (0, 0, 10, 990)), ["a", "b"])
    assert metrics.dice_per_image.value == 0.5
    assert metrics.dice_pooled.value == pytest.approx(2000 / 2010)


def test_a_jaccard_of_065_is_no_failure():
    metrics = segmentation_metrics(counts_of((65, 35, 0, 0), (64, 36, 0, 0)), ["a", "b"])
    assert metrics.failure_rate.value == 0.5
    assert metrics.thresholded_jaccard.value == pytest.approx(0.325)


def test_pixel_counts_of_huge_sets_do_not_overflow():
    large = 6000 * 4000 * 10_000
    metrics = segmentation_metrics(counts_of((large, 0, large, 0)), ["a"], Bootstrap(draws=2))
    assert metrics.jaccard_pooled.value == 0.5


def test_json_has_the_names_of_result_files():
    result = segmentation_metrics(counts_of((8, 1, 1, 90), (0, 0, 0, 100)), ["a", "a"]).as_json()
    assert result["n"] == 2
    assert result["n_groups"] == 1
    for interval in (
        *result["dice"].values(),
        *result["jaccard"].values(),
        result["thresholded_jaccard"],
        result["failure_rate"],
    ):
        assert list(interval) == ["value", "low", "high"]
        assert interval["low"] <= interval["value"] <= interval["high"]


def test_what_does_not_fit_is_refused():
    mask = np.ones((2, 3), bool)
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 2\)"):
        count_pixels(mask.T, mask)
    with pytest.raises(ValueError, match="boolean ground truth, got uint8"):
        count_pixels(mask, mask.astype(np.uint8))
    with pytest.raises(ValueError, match="2 groups"):
        segmentation_metrics(counts_of((1, 0, 0, 0)), ["a", "b"])
