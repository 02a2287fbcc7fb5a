"""From a recipe to a measured bundle by commands alone, and what wrong input costs."""

import json
from pathlib import Path

import pytest
from PIL import Image
from tiny_training import recipe_of

from lentigo.cli import app
from lentigo.cli.common import run
from lentigo.synthetic import draw_lesion

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    lines = ["path,mask,label"]
    for seed in range(16):
        lesion = draw_lesion(seed, (48, 64), malignant=bool(seed % 2))
        Image.fromarray(lesion.image).save(root / f"i{seed}.png")
        Image.fromarray(lesion.mask).save(root / f"m{seed}.png")
        lines.append(f"i{seed}.png,m{seed}.png,{seed % 2}")
    (root / "table.csv").write_text("\n".join(lines))
    return root / "table.csv"


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENTIGO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe_of("segmentation").to_yaml())
    return path


def test_a_phase_that_unfreezes_nothing_says_so(
    recipe: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", str(recipe), "--root", f"csv={table}", "--out", str(tmp_path / "run")]
    changes = ["--set", "phases.1.unfreeze=[]", "--set", "phases.1.epochs=1"]
    assert run(app, [*train, *changes]) == 0
    lines = capsys.readouterr().err.splitlines()
    (told,) = [i for i, line in enumerate(lines) if "unfreezes nothing" in line]
    assert "phase all unfreezes nothing: it trains the same weights as head" in lines[told]
    assert [line.split()[0] for line in lines if "loss" in line] == ["head", "head", "all"]
    assert lines[told - 1].startswith("head")  # when the phase begins, not at the end


def test_train_export_evaluate(
    recipe: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, bundle = str(tmp_path / "run"), str(tmp_path / "mine")
    train = ["train", str(recipe), "--root", f"csv={table}", "--out", out]
    assert run(app, [*train, "--set", "phases.1.epochs=1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["epochs"] == 3
    assert run(app, [*train, "--set", "phases.1.epochs=1", "--resume"]) == 0
    assert run(app, ["export", out, "--out", bundle, "--note", "drawn lesions alone"]) == 0
    assert "drawn lesions alone" in (tmp_path / "mine" / "MODEL_CARD.md").read_text()
    where = ["--source", "csv", "--root", str(table)]
    chosen = ["--split", f"{bundle}/split.csv", "--part", "test", "--record"]
    result = tmp_path / "result.json"
    assert run(app, ["evaluate", bundle, *where, *chosen, "--json", str(result)]) == 0
    measured = json.loads(result.read_text())
    assert measured["n"] == 3
    assert (
        f"{measured['dice']['pooled']['value']:.3f}"
        in (tmp_path / "mine" / "MODEL_CARD.md").read_text()
    )
    assert run(app, ["bundle", "verify", bundle]) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--root", "csv"], "expected SOURCE=DIR"),
        (["--root", "csv=/nowhere"], "/nowhere: no such file or folder"),
        (["--root", "ham10000=/tmp"], "--root csv=DIR"),
        (["--root", "csv=/nowhere", "--set", "net.name=vgg"], "unknown net 'vgg'"),
        (["--root", "csv=/nowhere", "--set", "batch_size=0"], "batch_size"),
    ],
)
def test_wrong_input_is_one_line(
    options: list[str],
    told: str,
    recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(app, ["train", str(recipe), *options, "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err.strip().splitlines()  # a bar that never moved is not shown
    assert len(error) == 1
    assert told in error[0]
    assert not (tmp_path / "run").exists()


def test_weights_that_are_nowhere_are_asked_for(
    table: Path,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import torch

    def refused(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("LENTIGO_WEIGHTS", raising=False)
    changes = ["net={name: mobilenetv2}", "task=classification", "phases.0.loss=bce"]
    options = [item for change in [*changes, "phases.1.loss=bce"] for item in ("--set", change)]
    train = ["train", str(recipe), "--root", f"csv={table}", "--out", str(tmp_path / "run")]
    assert run(app, [*train, *options]) == 2
    assert "mobilenet_v2-b0353104.pth" in capsys.readouterr().err
