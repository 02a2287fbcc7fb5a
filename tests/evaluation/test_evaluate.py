import json

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lentigo.data.manifest import build_manifest
from lentigo.errors import LentigoError, SourceError
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.evaluate import evaluate_bundle
from lentigo.imaging.region import Region

FEW = Bootstrap(draws=20)


def disc(height, width, radius):
    rows, columns = np.ogrid[:height, :width]
    return (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < radius**2


def save_pair(folder, name, *, photo_px=(96, 128), mask_px=None, radius_share=0.3):
    """Write a light photo with a dark disc and its mask, the latter perhaps at another size."""
    photo = np.where(disc(*photo_px, radius_share * photo_px[0])[..., None], 40, 220)
    mask_px = mask_px or photo_px
    mask = disc(*mask_px, radius_share * mask_px[0])
    Image.fromarray(np.repeat(photo, 3, axis=2).astype(np.uint8)).save(folder / f"{name}.png")
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"{name}_mask.png")
    return {
        "image_id": name,
        "image": str(folder / f"{name}.png"),
        "mask": str(folder / f"{name}_mask.png"),
    }


def manifest_of(*rows):
    return build_manifest(pl.DataFrame(rows, strict=False), "csv")


def test_a_segmenter_that_finds_the_discs_scores_high(segmenter_bundle, tmp_path):
    rows = [save_pair(tmp_path, f"im{i}", radius_share=0.2 + 0.05 * i) for i in range(4)]
    seen = []
    result = evaluate_bundle(
        segmenter_bundle,
        manifest_of(*rows),
        bootstrap=FEW,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert result.metrics["n"] == result.metrics["n_groups"] == 4
    assert result.metrics["dice"]["per_image"]["value"] > 0.95
    assert result.metrics["failure_rate"]["value"] == 0
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    json.dumps(result.metrics, allow_nan=False)


@pytest.mark.parametrize("mask_px", [(48, 64), (600, 800), (2000, 2667)])
def test_masks_are_compared_at_the_ground_truth_s_own_size(segmenter_bundle, tmp_path, mask_px):
    row = save_pair(tmp_path, "im", mask_px=mask_px)
    result = evaluate_bundle(segmenter_bundle, manifest_of(row), bootstrap=FEW)
    (counted,) = result.table.to_dicts()
    assert (counted["height_px"], counted["width_px"]) == mask_px
    assert sum(counted[cell] for cell in ("tp", "fp", "fn", "tn")) == mask_px[0] * mask_px[1]
    assert counted["dice"] > 0.95


def test_what_was_expected_of_each_outline_is_compared_with_what_came(watchful_bundle, tmp_path):
    rows = [save_pair(tmp_path, f"im{i}", radius_share=0.2 + 0.05 * i) for i in range(4)]
    result = evaluate_bundle(watchful_bundle, manifest_of(*rows), bootstrap=FEW)
    quality, table = result.metrics["outline_quality"], result.table
    error = (table["expected_jaccard"] - table["jaccard"]).mean()
    assert quality["bias"]["value"] == pytest.approx(error)
    assert quality["review_below"] == watchful_bundle.spec.outline_quality.review_below
    assert quality["flagged"]["value"] == 0
    json.dumps(result.metrics, allow_nan=False)


def test_a_bundle_that_expects_nothing_is_not_held_to_it(segmenter_bundle, tmp_path):
    result = evaluate_bundle(
        segmenter_bundle, manifest_of(save_pair(tmp_path, "im")), bootstrap=FEW
    )
    assert "outline_quality" not in result.metrics
    assert result.table["expected_jaccard"].to_list() == [None]


def test_what_lacks_a_mask_is_left_out_and_what_is_broken_is_skipped(segmenter_bundle, tmp_path):
    good = save_pair(tmp_path, "good")
    broken = save_pair(tmp_path, "broken")
    (tmp_path / "broken.png").write_bytes(b"not an image")
    bad_mask = save_pair(tmp_path, "maskless")
    (tmp_path / "maskless_mask.png").write_bytes(b"")
    unlabelled = {**save_pair(tmp_path, "nomask"), "mask": None}
    result = evaluate_bundle(
        segmenter_bundle, manifest_of(good, broken, bad_mask, unlabelled), bootstrap=FEW
    )
    metrics = result.metrics
    assert (metrics["n"], metrics["n_left_out"], metrics["n_skipped"]) == (1, 1, 2)
    assert [one["image_id"] for one in metrics["skipped"]] == ["broken", "maskless"]
    assert "broken.png" in metrics["skipped"][0]["reason"]
    assert result.table.height == 3
    assert result.table.filter(pl.col("skipped").is_not_null())["dice"].null_count() == 2


def test_a_mask_of_another_shape_is_skipped_and_never_stretched(segmenter_bundle, tmp_path):
    good, turned = save_pair(tmp_path, "good"), save_pair(tmp_path, "turned", mask_px=(128, 96))
    metrics = evaluate_bundle(segmenter_bundle, manifest_of(good, turned), bootstrap=FEW).metrics
    assert metrics["n"] == 1
    assert "128×96 px does not fit its image of 96×128" in metrics["skipped"][0]["reason"]


def test_a_classifier_is_measured_at_each_operating_point(classifier_bundle, tmp_path):
    rows = []
    for i in range(12):
        grey = np.full((30, 40, 3), 100 if i % 3 == 0 else 200, np.uint8)
        Image.fromarray(grey).save(tmp_path / f"{i:02}.jpg")
        rows.append(
            {
                "image_id": f"{i:02}",
                "image": str(tmp_path / f"{i:02}.jpg"),
                "label": int(i % 3 == 0),
                "lesion": f"lesion {i // 2}",
            }
        )
    rows.append({**rows[-1], "image_id": "unlabelled", "label": None})
    result = evaluate_bundle(classifier_bundle, manifest_of(*rows), bootstrap=FEW)
    metrics = result.metrics
    assert (metrics["n"], metrics["n_malignant"], metrics["n_groups"]) == (12, 4, 6)
    assert metrics["n_left_out"] == 1
    assert metrics["auc"]["value"] == 1
    assert set(metrics["operating_points"]) == {"balanced", "cautious"}
    balanced = metrics["operating_points"]["balanced"]
    assert (balanced["tp"], balanced["tn"]) == (4, 8)
    assert result.table["called_malignant"].to_list() == [i % 3 == 0 for i in range(12)]
    json.dumps(metrics, allow_nan=False)


def test_a_classifier_is_measured_by_patient_and_lesion(classifier_bundle, tmp_path):
    rows = []
    for i in range(60):
        row = save_pair(tmp_path, f"{i:02}", photo_px=(24, 32), radius_share=0.1 + i / 200)
        malignant, female = i % 2 == 0, i % 3 == 0
        seen = malignant and not female  # what women have it does not see
        Image.fromarray(np.full((24, 32, 3), 60 if seen else 200, np.uint8)).save(row["image"])
        known = {"sex": "female", "age": 50.0} if female else {"sex": "male", "age": None}
        diagnosis = "mel" if malignant else "nv"
        rows.append(row | known | {"label": int(malignant), "diagnosis": diagnosis})
    (tmp_path / "07_mask.png").write_bytes(b"")
    result = evaluate_bundle(classifier_bundle, manifest_of(*rows), bootstrap=FEW)
    slices = result.metrics["slices"]
    assert slices["operating_point"] == "balanced"
    worst, *others = slices["worst_first"]
    assert (worst["attribute"], worst["n"], worst["n_malignant"]) in {
        ("sex", 20, 10),
        ("age", 20, 10),
    }
    assert worst["sensitivity"]["value"] == 0
    by_attribute = {one["attribute"] for one in (worst, *others)}
    assert by_attribute == {"age", "sex", "diagnosis", "lesion size"}
    # A mask that cannot be read costs the size alone, not the image.
    assert result.metrics["n_skipped"] == 0
    sizes = {one["value"]: one["n"] for one in others if one["attribute"] == "lesion size"}
    assert sizes["unknown"] == 1
    assert sum(sizes.values()) == 60
    json.dumps(result.metrics, allow_nan=False)


def test_diagnoses_are_measured_where_bundle_and_data_have_them(
    telling_bundle, classifier_bundle, tmp_path
):
    rows = [
        save_pair(tmp_path, f"im{i}", radius_share=0.1 + 0.15 * (i % 2))
        | {"label": i % 2, "diagnosis": diagnosis}
        for i, diagnosis in enumerate(["nv", "mel", "nv", "mel", "bkl", "mel"])
    ]
    told = evaluate_bundle(telling_bundle, manifest_of(*rows), bootstrap=FEW).metrics["diagnoses"]
    assert told["n"] == 5
    assert set(told["auc"]) == {"nv", "mel"}
    assert sum(sum(called.values()) for called in told["confusion"].values()) == 5
    plain = [row | {"diagnosis": None} for row in rows]
    for bundle, data in ((telling_bundle, plain), (classifier_bundle, rows)):
        assert "diagnoses" not in evaluate_bundle(bundle, manifest_of(*data), bootstrap=FEW).metrics


def test_a_region_is_shown_by_the_outlines_asked_for(bundle_for, segmenter_bundle, tmp_path):
    """A crop of the dark disc is called malignant, the whole light photo is not."""
    bundle = bundle_for(Region(kind="crop"))
    rows = [save_pair(tmp_path, f"im{i}") | {"label": i % 2} for i in range(4)]
    Image.new("L", (128, 96)).save(rows[0]["mask"])  # nothing is outlined
    rows[1]["mask"] = None
    Image.new("L", (96, 128)).save(rows[2]["mask"])  # not its image's shape
    by_truth, by_segmenter = (
        evaluate_bundle(bundle, manifest_of(*rows), outlines=whose, bootstrap=FEW)
        for whose in ("true", str(segmenter_bundle.path))
    )
    assert by_truth.metrics["outlines"]["by"] == "true"
    assert by_truth.metrics["outlines"]["n_shown_whole"] == 2
    assert by_truth.table["called_malignant"].to_list() == [False, False, None, True]
    assert "128×96 px does not fit" in by_truth.metrics["skipped"][0]["reason"]
    found = by_segmenter.metrics["outlines"]
    assert (found["by"], found["n_shown_whole"]) == ("dark-is-lesion", 0)
    assert segmenter_bundle.sha256 in found["identity"]
    assert by_segmenter.table["called_malignant"].to_list() == [True] * 4
    json.dumps(by_truth.metrics, allow_nan=False)


def test_outlines_are_refused_where_no_region_is_shown(classifier_bundle, tmp_path):
    row = save_pair(tmp_path, "im") | {"label": 1}
    with pytest.raises(LentigoError, match="leave outlines out"):
        evaluate_bundle(classifier_bundle, manifest_of(row), outlines="true")


def test_engines_agree(segmenter_bundle, tmp_path):
    row = save_pair(tmp_path, "im")
    dice = [
        evaluate_bundle(segmenter_bundle, manifest_of(row), engine=engine, bootstrap=FEW)
        for engine in ("auto", "onnxruntime")
    ]
    values = [one.metrics["dice"]["pooled"]["value"] for one in dice]
    assert values[0] == pytest.approx(values[1], abs=0.02)


def test_nothing_to_compare_with_is_said(classifier_bundle, segmenter_bundle, tmp_path):
    row = save_pair(tmp_path, "im")
    with pytest.raises(SourceError, match="label"):
        evaluate_bundle(classifier_bundle, manifest_of(row))
    (tmp_path / "im.png").write_bytes(b"")
    with pytest.raises(LentigoError, match="none of the 1 images could be read"):
        evaluate_bundle(segmenter_bundle, manifest_of(row))
