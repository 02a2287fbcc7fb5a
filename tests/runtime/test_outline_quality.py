"""What is said of an outline's quality, from the net's answer to the finding."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from lentigo.bundle import Bundle
from lentigo.imaging.outline_quality import outline_features
from lentigo.imaging.refine import refine
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.finding import UNCERTAIN_OUTLINE, Finding
from lentigo.runtime.segmenter import Segmenter


@pytest.fixture(scope="module")
def segmenter(watchful_bundle: Bundle) -> Segmenter:
    return Segmenter(watchful_bundle, engine="onnxruntime")


def test_less_is_expected_of_an_outline_that_the_net_is_unsure_of(
    segmenter: Segmenter, dark_disc: NDArray[np.uint8], faint_disc: NDArray[np.uint8]
) -> None:
    sure, unsure = (segmenter.segment(disc).expected_jaccard for disc in (dark_disc, faint_disc))
    assert sure is not None
    assert unsure is not None
    assert 0 < unsure < 0.8 < sure < 1


@pytest.mark.parametrize("size_px", [(60, 80), (240, 320), (1800, 2400)])
def test_what_is_expected_does_not_hang_on_the_masks_size(
    segmenter: Segmenter, dark_disc: NDArray[np.uint8], size_px: tuple[int, int]
) -> None:
    found = segmenter.segment(dark_disc, size_px)
    assert found.expected_jaccard == segmenter.segment(dark_disc).expected_jaccard


def test_the_letterboxs_filling_has_no_say(segmenter: Segmenter, watchful_bundle: Bundle) -> None:
    """Though the net takes it for more of a lesion that runs out of the photo."""
    photo = np.full((48, 64, 3), 210, np.uint8)  # the net sees 64×64, so that rows are filled
    photo[:6, 20:44], photo[6:9, 20:44] = 40, 125
    probability = expit((128 - photo[..., 0].astype(np.float32)) / 10)
    features = outline_features(probability, refine(probability >= 0.5))
    quality = watchful_bundle.spec.outline_quality
    assert quality is not None
    assert segmenter.segment(photo).expected_jaccard == pytest.approx(
        quality.expected_jaccard(features), abs=1e-4
    )


def test_nothing_is_expected_where_no_lesion_was_found(segmenter: Segmenter) -> None:
    assert segmenter.segment(np.full((50, 70, 3), 220, np.uint8)).expected_jaccard == 0


def test_a_bundle_without_a_model_of_it_expects_nothing(
    segmenter_bundle: Bundle, analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    plain = Segmenter(segmenter_bundle, engine="onnxruntime")
    assert plain.segment(dark_disc).expected_jaccard is None
    assert analyzer.analyze(dark_disc).outline_quality is None


def codes(finding: Finding) -> list[str]:
    return [note.code for note in finding.warnings]


def test_a_finding_warns_of_an_outline_that_may_be_wrong(
    watchful_analyzer: Analyzer, dark_disc: NDArray[np.uint8], faint_disc: NDArray[np.uint8]
) -> None:
    sure, unsure = (watchful_analyzer.analyze(disc) for disc in (dark_disc, faint_disc))
    assert sure.outline_quality is not None
    assert unsure.outline_quality is not None
    assert UNCERTAIN_OUTLINE not in codes(sure)
    assert UNCERTAIN_OUTLINE in codes(unsure)
    assert unsure.outline_quality.review_below == 0.8
    (note,) = (note for note in unsure.warnings if note.code == UNCERTAIN_OUTLINE)
    assert f"{unsure.outline_quality.expected_jaccard:.2f}, below 0.80" in note.message


def test_no_lesion_is_one_warning_and_not_two(watchful_analyzer: Analyzer) -> None:
    finding = watchful_analyzer.analyze(np.full((300, 400, 3), 220, np.uint8))
    assert finding.outline_quality is not None
    assert finding.outline_quality.expected_jaccard == 0
    assert "no-lesion" in codes(finding)
    assert UNCERTAIN_OUTLINE not in codes(finding)


def test_it_goes_through_json_and_a_finding_of_an_earlier_version_is_read(
    watchful_analyzer: Analyzer, faint_disc: NDArray[np.uint8]
) -> None:
    finding = watchful_analyzer.analyze(faint_disc)
    text = finding.model_dump_json()
    assert Finding.model_validate_json(text) == finding.model_copy(update={"pictures": None})
    earlier = json.loads(text)
    del earlier["outline_quality"]
    assert Finding.model_validate(earlier).outline_quality is None
