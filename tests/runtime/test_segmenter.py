import numpy as np
import pytest
from numpy.typing import NDArray

from lentigo.bundle import Bundle
from lentigo.errors import BundleError, LentigoError
from lentigo.imaging.geometry import WORKING_SIDE_PX
from lentigo.imaging.read import Photo
from lentigo.runtime.segmenter import Segmenter


@pytest.fixture(scope="module")
def segmenter(segmenter_bundle: Bundle) -> Segmenter:
    return Segmenter(segmenter_bundle, engine="onnxruntime")


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_it_finds_the_dark_disc_where_it_is(
    segmenter: Segmenter, dark_disc: NDArray[np.uint8]
) -> None:
    mask = segmenter.segment(dark_disc).mask
    assert mask.shape == (120, 160)
    assert overlap(mask, dark_disc[..., 0] < 128) > 0.93


def test_a_mask_comes_at_the_size_asked_for(
    segmenter: Segmenter, dark_disc: NDArray[np.uint8]
) -> None:
    assert segmenter.segment(dark_disc, (61, 83)).mask.shape == (61, 83)


def test_a_reduced_photo_gives_a_mask_of_the_original_size(
    segmenter: Segmenter, dark_disc: NDArray[np.uint8]
) -> None:
    photo = Photo(pixels=dark_disc, size_px=(1200, 1600), pixel_spacing_mm=None, path=None)
    found = segmenter.segment(photo)
    truth = (dark_disc[..., 0] < 128).repeat(10, axis=0).repeat(10, axis=1)
    assert found.mask.shape == (1200, 1600)
    assert max(found.working_mask.shape) == WORKING_SIDE_PX
    assert overlap(found.mask, truth) > 0.93


def test_plain_skin_has_no_lesion(segmenter: Segmenter) -> None:
    assert not segmenter.segment(np.full((50, 70, 3), 220, np.uint8)).mask.any()


@pytest.mark.parametrize("size_px", [(1, 1), (1, 300), (300, 1), (2000, 3)])
def test_odd_shapes_go_through(segmenter: Segmenter, size_px: tuple[int, int]) -> None:
    assert segmenter.segment(np.zeros((*size_px, 3), np.uint8)).mask.shape == size_px


def test_specks_are_refined_away(segmenter: Segmenter, dark_disc: NDArray[np.uint8]) -> None:
    speckled = dark_disc.copy()
    speckled[5:15, 5:15] = 0
    assert not segmenter.segment(speckled).mask[:20, :20].any()


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_rgb_image_is_refused(segmenter: Segmenter, wrong: NDArray[np.uint8]) -> None:
    with pytest.raises(LentigoError, match="expected an RGB image, uint8"):
        segmenter.segment(wrong)


def test_a_classifier_bundle_is_refused(classifier_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="segmentation was asked for"):
        Segmenter(classifier_bundle)
