"""Everything but nets, training and studies works where torch is not installed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.bundle import Bundle

WITHOUT_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "accelerate", "timm"}:
            raise ModuleNotFoundError(f"No module named {name!r}: blocked by this test", name=name)

sys.meta_path.insert(0, NoTorch())
"""


def run_without_torch(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TORCH + program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_block_blocks() -> None:
    assert "blocked by this test" in run_without_torch("import torch").stderr


def test_importing_the_package_is_light() -> None:
    heavy = "{'numpy', 'PIL', 'pydantic', 'skimage', 'onnxruntime', 'openvino', 'sklearn'}"
    done = run_without_torch(f"import lentigo; print({heavy} & set(sys.modules))")
    assert done.stdout.strip() == "set()", done.stderr


def test_every_module_of_the_runtime_half_imports() -> None:
    done = run_without_torch(
        """
import importlib, pkgutil, lentigo
names = [
    module.name for module in pkgutil.walk_packages(lentigo.__path__, "lentigo.", onerror=print)
    if not module.name.startswith(("lentigo.nets", "lentigo.study", "lentigo.training"))
]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 20


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["bundle", "list"], ["data", "--help"], ["evaluate", "--help"]],
)
def test_commands_start(arguments: list[str]) -> None:
    done = run_without_torch("from lentigo.cli import main; main()", *arguments)
    assert done.returncode == 0, done.stderr


def test_analyze_works(
    tmp_path: Path, dark_disc: np.ndarray, segmenter_bundle: Bundle, classifier_bundle: Bundle
) -> None:
    Image.fromarray(dark_disc).save(tmp_path / "photo.png")
    done = run_without_torch(
        "from lentigo.cli import main; main()",
        *("analyze", "--no-gate", str(tmp_path / "photo.png"), "--out", str(tmp_path / "out")),
        *("--segmenter", str(segmenter_bundle.path)),
        *("--classifier", str(classifier_bundle.path)),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").is_file()
