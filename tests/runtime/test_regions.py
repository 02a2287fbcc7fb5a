"""A classifier is shown the very same pixels in use as in training."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image

from lentigo.bundle import Bundle
from lentigo.data.manifest import build_manifest
from lentigo.data.views import TrueMasks, prepare_view
from lentigo.errors import LentigoError, UnknownNameError
from lentigo.evaluation.outlines import SegmentersMasks
from lentigo.imaging.read import read_mask
from lentigo.imaging.region import Region
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.classifier import Classifier
from lentigo.runtime.verify import verify_bundle
from lentigo.synthetic import draw_lesion

REGIONS = (
    Region(kind="masked"),
    Region(kind="crop", context=0.15),
    Region(kind="crop+mask", context=0.3),
    Region(kind="frame+crop"),
)
BundleFor = Callable[..., Bundle]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """A small photo, and a JPEG so large that it is decoded reduced; masks beside them."""
    folder = tmp_path_factory.mktemp("photos")
    rows = []
    kinds = (("small", (90, 120), 1, "png"), ("large", (150, 200), 15, "jpg"))
    for name, size_px, repeats, suffix in kinds:
        lesion = draw_lesion(7, size_px, fitzpatrick=1)
        image, mask = (
            plane.repeat(repeats, axis=0).repeat(repeats, axis=1)
            for plane in (lesion.image, lesion.mask)
        )
        Image.fromarray(image).save(folder / f"{name}.{suffix}")
        Image.fromarray(mask).save(folder / f"{name}_mask.png")
        files = {"image": f"{name}.{suffix}", "mask": f"{name}_mask.png"}
        rows.append({"image_id": name} | {k: str(folder / v) for k, v in files.items()})
    return build_manifest(pl.DataFrame(rows), "csv")


@pytest.mark.parametrize("steps", [(), ("median", "shades-of-gray", "clahe")])
@pytest.mark.parametrize("region", [None, *REGIONS], ids=str)
def test_the_pipeline_shows_what_training_was_shown(
    region: Region | None,
    steps: tuple[str, ...],
    photos: pl.DataFrame,
    bundle_for: BundleFor,
    segmenter_bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    analyzer = Analyzer(segmenter_bundle, bundle_for(region, steps), "onnxruntime", gate=False)
    shown: list[NDArray[np.uint8]] = []
    engine = analyzer.classifier.engine
    run = engine.run
    monkeypatch.setattr(
        engine, "run", lambda batch, wanted: (shown.extend(batch), run(batch, wanted))[1]
    )
    # A frame by itself is decoded at the size that each needs, so that a large file may differ.
    rows = photos if region else photos.filter(pl.col("image_id") == "small")
    for image in rows["image"]:
        analyzer.analyze(image)
    view = analyzer.classifier.view
    prepared = prepare_view(
        rows, view, SegmentersMasks(str(segmenter_bundle.path), "onnxruntime"), tmp_path
    )
    assert prepared.has_mask.all() == (region is not None)
    assert np.array_equal(np.stack(shown), prepared.images)


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_a_callers_mask_shows_what_the_true_one_showed_in_training(
    region: Region, photos: pl.DataFrame, bundle_for: BundleFor, tmp_path: Path
) -> None:
    classifier = Classifier(bundle_for(region), "onnxruntime")
    masks = [read_mask(path) for path in photos["mask"]]
    prepared = prepare_view(photos, classifier.view, TrueMasks(), tmp_path)
    seen = [classifier.see(*pair).pixels for pair in zip(photos["image"], masks, strict=True)]
    assert np.array_equal(np.stack(seen), prepared.images)
    together = classifier.probabilities(list(photos["image"]), masks)
    np.testing.assert_allclose(together, classifier.scores(prepared.images))


def test_what_is_around_the_lesion_counts_only_where_it_is_shown(
    bundle_for: BundleFor, dark_disc: NDArray[np.uint8]
) -> None:
    mask = dark_disc[..., 0] < 128
    bright, dim = dark_disc, np.where(dark_disc < 128, dark_disc, np.uint8(120))
    for region, same in ((None, False), (Region(kind="masked"), True)):
        classifier = Classifier(bundle_for(region), "onnxruntime")
        risks = [classifier.probability(photo, mask) for photo in (bright, dim)]
        assert (abs(risks[0] - risks[1]) < 0.01) == same


def test_a_region_needs_a_mask_and_an_empty_one_shows_the_frame(
    bundle_for: BundleFor, dark_disc: NDArray[np.uint8]
) -> None:
    classifier = Classifier(bundle_for(REGIONS[1]), "onnxruntime")
    with pytest.raises(LentigoError, match=r"region of the photo \(crop\): give the lesion's mask"):
        classifier.probability(dark_disc)
    with pytest.raises(LentigoError, match="does not fit a photo"):
        classifier.probability(dark_disc, np.ones((50, 50), dtype=np.bool_))
    empty = np.zeros(dark_disc.shape[:2], dtype=np.bool_)
    whole = Classifier(bundle_for(None), "onnxruntime").probability(dark_disc)
    assert classifier.probability(dark_disc, empty) == pytest.approx(whole)


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_a_bundle_with_a_region_can_be_verified(region: Region, bundle_for: BundleFor) -> None:
    verify_bundle(bundle_for(region, ("clahe",)))


def test_a_step_of_another_version_is_told(bundle_for: BundleFor) -> None:
    with pytest.raises(UnknownNameError, match="unknown preprocessing step 'sharpen'"):
        Classifier(bundle_for(None, ("sharpen",)))
