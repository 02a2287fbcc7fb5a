import importlib.util
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from lentigo.synthetic import draw_lesion

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)


def test_another_clinics_images_are_made_small_and_ranked_by_melanoma(
    module: Any, tmp_path: Path
) -> None:
    clinic = module("another_clinic")
    Image.new("RGB", (400, 300)).save(tmp_path / "wide.jpg")
    (small := tmp_path / "small").mkdir()
    rows = clinic.reduced(pl.DataFrame({"image": [str(tmp_path / "wide.jpg")]}), small)
    with Image.open(rows["image"][0]) as image:
        assert image.size == (200, 150)
    table = pl.DataFrame(
        {
            "image_id": ["a", "b"],
            "group": ["a", "b"],
            "malignant": [True, False],
            "probability": [0.1, 0.9],
            "diagnoses_uncalibrated": ['{"mel": 0.8}', '{"mel": 0.2}'],
        }
    )
    assert clinic.auc(table)["value"] == 0
    assert clinic.auc(clinic.by_melanoma(table))["value"] == 1


def test_what_is_known_of_a_patient_counts_for_a_classifier_that_cannot_tell(module: Any) -> None:
    patient, count = module("patient"), 200
    malignant = [at % 2 == 0 for at in range(count)]
    table = pl.DataFrame(
        {
            "image_id": [str(at) for at in range(count)],
            "group": [str(at // 4) for at in range(count)],
            "malignant": malignant,
            "probability": [(at * 37 % 101 + 1) / 103 for at in range(count)],
            "patient": [(at * 53 % 97) / 97 + 0.8 * ill for at, ill in enumerate(malignant)],
        }
    )
    auc = module("another_clinic").auc
    assert auc(patient.together(table))["value"] > auc(table)["value"] + 0.2


def test_copies_of_half_the_detail_stand_where_the_photos_stood(
    module: Any, tmp_path: Path
) -> None:
    ham = tmp_path / "ham"
    for folder in ("HAM10000_images", "HAM10000_segmentations"):
        (ham / folder).mkdir(parents=True)
    Image.new("RGB", (200, 150)).save(ham / "HAM10000_images" / "ISIC_1.jpg")
    (ham / "HAM10000_metadata.csv").write_text("lesion_id\n", encoding="utf-8")
    module("detail").copy_all(ham, half := tmp_path / "half")
    with Image.open(half / "HAM10000_images" / "ISIC_1.jpg") as image:
        assert image.size == (100, 75)
    assert (half / "HAM10000_metadata.csv").is_file()


def test_a_photo_is_analysed_in_turns_by_ways_in_processes_of_their_own(
    module: Any, tmp_path: Path
) -> None:
    image = module("one_image")
    Image.fromarray(draw_lesion(0, (96, 128)).image).save(photo := tmp_path / "photo.png")
    names = [image.OWN, image.LIMIT]
    with module("taking_turns").started(image.modules(names)) as ways:
        found = image.warm(ways, photo, 2)
    assert found["seconds"][image.OWN]["runs"] == 2 * image.RUNS
    assert set(found["speed_against"]) == {image.LIMIT}


def test_a_folder_is_analysed_in_turns_and_what_is_written_does_not_stay(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = module("folder")
    paths = [tmp_path / f"{seed}.png" for seed in range(3)]
    for seed, path in enumerate(paths):
        Image.fromarray(draw_lesion(seed, (96, 128)).image).save(path)
    monkeypatch.setattr(folder, "PEERS", {})
    found = folder.turns(paths, tmp_path, 2)
    assert found["seconds"][folder.OWN]["runs"] == 2
    assert set(found["speed_against"]) == {folder.LIMIT}
    assert sorted(tmp_path.iterdir()) == paths
