"""The same run on two processes, as ``torchrun`` and ``accelerate launch`` start them."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = """
import pathlib, sys, torch, tiny_training as t
from accelerate import PartialState
from lentigo.training.run import train
torch.set_num_threads(1)
listener = t.Silent()
recipe = t.recipe_of("segmentation", batch_size=1)
train(recipe, {"csv": pathlib.Path(sys.argv[1])}, pathlib.Path(sys.argv[2]), listener)
scores = [record.score for record in listener.records]
torch.save(scores, f"{sys.argv[2]}/rank{PartialState().process_index}.pt")
"""


@pytest.mark.slow
def test_two_processes_share_the_images_and_agree(drawn_root: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    helpers = str(Path(__file__).parents[1] / "helpers")
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command = [*launch, str(tmp_path / "script.py"), str(drawn_root), str(tmp_path / "run")]
    ours = {"PYTHONPATH": helpers, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=os.environ | ours, check=True, timeout=300)
    ranks = [torch.load(tmp_path / "run" / f"rank{rank}.pt") for rank in range(2)]
    assert ranks[0] == ranks[1]
    log = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))
    assert len(log) == 5
    assert float(log[-1]["score"]) > float(log[0]["score"])
