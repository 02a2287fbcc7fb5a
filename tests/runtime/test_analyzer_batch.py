"""Several photos in one pass of the nets, and outlines that a caller gives."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lentigo.errors import LentigoError
from lentigo.imaging.read import Photo
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.gate import Verdict
from lentigo.runtime.photos import as_photo


def test_a_batch_gives_each_photo_what_it_gets_alone(
    telling_analyzer: Analyzer, dark_disc: NDArray[np.uint8], faint_disc: NDArray[np.uint8]
) -> None:
    photos = [as_photo(one) for one in (dark_disc, faint_disc, dark_disc[20:, ::-1], dark_disc)]
    together = list(telling_analyzer.analyze_batch(photos))
    for photo, finding in zip(photos, together, strict=True):
        alone = telling_analyzer.analyze(photo)
        assert finding.model_dump() == alone.model_dump()
        assert np.array_equal(finding.pictures.mask, alone.pictures.mask)


class GateForBright:
    """Accepts bright pictures."""

    def judge(self, pixels: NDArray[np.uint8]) -> Verdict:
        return Verdict(bool(pixels.mean() > 100), score=0.0, accept_from=1.0, saw="brightness")


def test_a_batch_refuses_only_what_is_not_dermoscopy(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    strict = Analyzer(analyzer.segmenter.bundle, analyzer.classifier.bundle, engine="onnxruntime")
    strict.gate = GateForBright()
    bright, dark = as_photo(dark_disc), as_photo(dark_disc // 4)
    findings = list(strict.analyze_batch([dark, bright, dark]))
    assert [finding.decision == "refused" for finding in findings] == [True, False, True]
    assert findings[1].model_dump() == strict.analyze(bright).model_dump()


def test_a_callers_outline_is_measured_and_told(
    watchful_analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    outline = np.zeros((120, 160), bool)
    outline[10:50, 20:60] = True
    finding = watchful_analyzer.analyze(dark_disc, outline)
    assert finding.outline_by == "caller"
    assert finding.outline_quality is None
    assert finding.measurements.area_px == pytest.approx(1600, rel=0.02)
    assert np.array_equal(finding.pictures.mask, outline)
    assert watchful_analyzer.analyze(dark_disc).outline_by == "segmenter"


def test_a_callers_outline_may_be_smaller_than_the_photo(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    outline = np.zeros((60, 80), bool)
    outline[5:25, 10:30] = True
    finding = analyzer.analyze(dark_disc, outline)
    assert finding.measurements.area_px == pytest.approx(1600, rel=0.02)


def test_an_outline_of_another_shape_is_refused(
    analyzer: Analyzer, dark_disc: NDArray[np.uint8]
) -> None:
    with pytest.raises(LentigoError, match=r"outline has 160×120 pixels .* expected the photo's"):
        analyzer.analyze(dark_disc, np.ones((160, 120), bool))


def test_a_batch_of_none_is_none(analyzer: Analyzer) -> None:
    no_photos: list[Photo] = []
    assert list(analyzer.analyze_batch(no_photos)) == []
