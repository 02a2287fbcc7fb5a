"""The shipped bundles on the real data: they do what their cards say."""

import os
from pathlib import Path

import pytest

from lentigo.bundle import bundle_names, default_bundle, load_bundle
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.evaluate import evaluate_bundle
from lentigo.runtime.verify import verify_bundle
from lentigo.synthetic import draw_lesion

DATA = Path(os.environ.get("LENTIGO_DATA") or "absent")
FOLDERS = {"isic2018-task1": "isic2018_task1", "ham10000": "ham10000"}


@pytest.mark.parametrize("name", bundle_names())
def test_every_shipped_bundle_verifies(name: str) -> None:
    verify_bundle(load_bundle(name))


def test_each_task_has_one_default() -> None:
    defaults = [load_bundle(name).spec for name in bundle_names()]
    for task in ("segmentation", "classification"):
        assert [spec.task for spec in defaults if spec.default].count(task) == 1
        assert default_bundle(task).spec.task == task


def test_the_default_pipeline_outlines_drawn_lesions() -> None:
    from lentigo import Analyzer

    analyzer = Analyzer()
    for skin in (1, 3, 5):
        lesion = draw_lesion(40 + skin, fitzpatrick=skin)
        found = analyzer.analyze(lesion.image).pictures.mask
        overlap = (found & lesion.mask).sum() / (found | lesion.mask).sum()
        assert overlap > 0.7


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", bundle_names())
def test_a_new_evaluation_gives_the_cards_figures(name: str) -> None:
    bundle = load_bundle(name)
    source = bundle.spec.recipe["data"]["source"]
    root = DATA / FOLDERS[source]
    if not root.is_dir():
        pytest.skip(f"LENTIGO_DATA holds no {FOLDERS[source]}")
    parts = read_split(bundle.path / "split.csv")
    rows = rows_of_part(read_source(source, root), parts, "test")
    kept = bundle.spec.metrics
    outlines = kept.get("outlines", {}).get("by")
    found = evaluate_bundle(bundle, rows, outlines=outlines, bootstrap=Bootstrap(draws=2)).metrics
    assert found["n"] == kept["n"]
    keys = ("dice", "per_image") if bundle.spec.task == "segmentation" else ("auc",)
    for key in keys:
        found, kept = found[key], kept[key]
    # Engines round differently, and bfloat16 is not on every processor.
    assert found["value"] == pytest.approx(kept["value"], abs=2e-3)
