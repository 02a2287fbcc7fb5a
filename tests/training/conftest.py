"""A dataset small enough to train on in a second."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from lentigo.synthetic import draw_lesion


@pytest.fixture(scope="session")
def drawn_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty drawn lesions, half of them malignant, as a ``csv`` source with masks and labels."""
    root = tmp_path_factory.mktemp("drawn")
    lines = ["path,mask,label,group"]
    for seed in range(20):
        lesion = draw_lesion(seed, (48, 64), malignant=bool(seed % 2), fitzpatrick=1 + seed % 6)
        Image.fromarray(lesion.image).save(root / f"i{seed:02}.png")
        Image.fromarray(lesion.mask).save(root / f"m{seed:02}.png")
        lines.append(f"i{seed:02}.png,m{seed:02}.png,{seed % 2},g{seed // 2 * 2 + seed % 2}")
    table = root / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    return table


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """Sums are taken in one order, in a module's shared runs as in those held against them."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENTIGO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
