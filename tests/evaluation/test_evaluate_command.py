import json

import numpy as np
import pytest
import typer
from PIL import Image

from lentigo.bundle import write_bundle
from lentigo.cli.common import run
from lentigo.cli.evaluate import evaluate


@pytest.fixture
def lentigo():
    app = typer.Typer()
    app.command()(evaluate)
    return lambda *arguments: run(app, [str(argument) for argument in arguments])


@pytest.fixture
def dataset(tmp_path):
    """Four images in ISIC 2018 Task 1's layout, two in the validation part."""
    for part in ("Training", "Validation"):
        images = tmp_path / f"ISIC2018_Task1-2_{part}_Input"
        masks = tmp_path / f"ISIC2018_Task1_{part}_GroundTruth"
        images.mkdir()
        masks.mkdir()
        for i in range(2):
            name = f"ISIC_{len(part):04}{i:03}"
            mask = np.zeros((60, 80), np.uint8)
            mask[15:45, 20:60] = 255
            photo = np.repeat(np.where(mask, 50, 200).astype(np.uint8)[..., None], 3, axis=2)
            Image.fromarray(photo).save(images / f"{name}.jpg")
            Image.fromarray(mask).save(masks / f"{name}_segmentation.png")
    return tmp_path


def common(bundle, dataset):
    return bundle.path, "--source", "isic2018-task1", "--root", dataset


def test_it_prints_a_table(lentigo, segmenter_bundle, dataset, capsys):
    assert lentigo(*common(segmenter_bundle, dataset)) == 0
    output = capsys.readouterr().out
    assert "4 images in 4 groups" in output
    assert "Dice, per image" in output


def test_it_prints_for_whom_a_classifier_works(lentigo, classifier_bundle, tmp_path, capsys):
    lines = ["path,label,sex"]
    for i in range(44):
        grey = np.full((30, 40, 3), 60 if i % 2 else 200, np.uint8)
        Image.fromarray(grey).save(tmp_path / f"{i:02}.png")
        lines.append(f"{i:02}.png,{i % 2},{'[red]' if i < 40 else 'rare'}")
    table = tmp_path / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    assert lentigo(classifier_bundle.path, "--source", "csv", "--root", table) == 0
    output = capsys.readouterr().out
    assert "For whom, the worst first" in output
    assert "[red]" in output
    assert "too small to judge: sex: rare (2 of 4 malignant)" in output


def test_json_on_standard_output_stands_alone(lentigo, segmenter_bundle, dataset, capsys):
    assert lentigo(*common(segmenter_bundle, dataset), "--json", "-") == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["n"] == 4
    assert metrics["dice"]["per_image"]["value"] > 0.9
    assert metrics["data"] == ["isic2018-task1"]


def test_the_table_of_images_is_written(lentigo, segmenter_bundle, dataset, tmp_path):
    table = tmp_path / "images.csv"
    assert lentigo(*common(segmenter_bundle, dataset), "--csv", table) == 0
    head, *rows = table.read_text().splitlines()
    assert head.startswith("image_id,group,skipped,height_px")
    assert len(rows) == 4


def test_a_part_of_a_split_an_official_part_or_a_list_is_taken(
    lentigo, segmenter_bundle, dataset, tmp_path, capsys
):
    split, ids = tmp_path / "split.csv", tmp_path / "ids.txt"
    split.write_text(
        "image_id,part\nISIC_0008000,train\nISIC_0008001,test\n"
        "ISIC_0010000,train\nISIC_0010001,train\n"
    )
    ids.write_text("ISIC_0008000\nISIC_0010000\nISIC_0010001\n")
    for options, n in (
        (("--split", split, "--part", "test"), 1),
        (("--part", "validation"), 2),
        (("--ids", ids), 3),
    ):
        assert lentigo(*common(segmenter_bundle, dataset), *options, "--json", "-") == 0
        assert json.loads(capsys.readouterr().out)["n"] == n


def test_a_broken_image_is_told_and_the_rest_measured(lentigo, segmenter_bundle, dataset, capsys):
    next(dataset.glob("*Validation_Input/*.jpg")).write_bytes(b"broken")
    assert lentigo(*common(segmenter_bundle, dataset)) == 0
    output = capsys.readouterr()
    assert "3 images" in output.out
    assert "skipped: 1" in output.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--split", "split.csv"), "--split needs --part"),
        (("--ids", "ids.txt", "--part", "test"), "leave --split and --part out"),
        (("--part", "dress-rehearsal"), "it has: train, validation"),
        (("--engine", "steam"), "unknown engine 'steam'"),
    ],
)
def test_wrong_input_costs_one_line(lentigo, segmenter_bundle, dataset, capsys, options, message):
    assert lentigo(*common(segmenter_bundle, dataset), *options) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert message in errors[0]


def test_an_unknown_bundle_or_source_costs_one_line(lentigo, segmenter_bundle, dataset, capsys):
    assert lentigo("nowhere", "--source", "isic2018-task1", "--root", dataset) == 2
    assert lentigo(segmenter_bundle.path, "--source", "isic1999", "--root", dataset) == 2
    errors = capsys.readouterr().err
    assert "'nowhere' is not a bundle" in errors
    assert "unknown data source 'isic1999'" in errors


def test_images_that_the_bundle_was_made_from_are_counted_with_a_warning(
    lentigo, segmenter_bundle, dataset, tmp_path, capsys
):
    split = b"image_id,part\nISIC_0008000,train\nISIC_0008001,validation\nISIC_0010000,test\n"
    files = {"model.onnx": segmenter_bundle.model_path, "split.csv": split}
    knows = write_bundle(tmp_path / "knows", segmenter_bundle.spec, files)
    assert lentigo(*common(knows, dataset), "--json", tmp_path / "all.json", "--record") == 0
    assert json.loads((tmp_path / "all.json").read_text())["known"] == {
        "n_trained_on": 1,
        "n_chosen_by": 1,
    }
    told = "this bundle was trained on 1 and chosen by 1 of the 4 images"
    assert told in capsys.readouterr().err
    assert told in (tmp_path / "knows" / "MODEL_CARD.md").read_text()
    assert lentigo(*common(knows, dataset), "--part", "validation") == 0
    assert "warning" not in capsys.readouterr().err


def test_the_table_of_slices_is_whole_in_80_columns(
    lentigo, classifier_bundle, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    lines = ["path,label,site"]
    for i in range(44):
        grey = np.full((30, 40, 3), 60 if i % 2 else 200, np.uint8)
        Image.fromarray(grey).save(tmp_path / f"{i:02}.png")
        lines.append(f"{i:02}.png,{i % 2},lower extremity")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    options = ("--source", "csv", "--root", tmp_path / "table.csv")
    assert lentigo(classifier_bundle.path, *options) == 0
    assert "…" not in capsys.readouterr().out
