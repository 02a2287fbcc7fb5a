"""Where the time of one analysis goes, stage by stage, and that of a start, package by package.

Stages that run beside one another are made to wait for one another, so that each is seen.

Run it with ``PYTHONPATH`` at the version to look at, and ``--when`` before or after: each goes into
its own half of ``results/benchmarks/running_profile.json``.
"""

import argparse
import cProfile
import json
import pstats
import re
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from photos import write_photos
from side_by_side import RESULTS, describe_machine

from lentigo import Analyzer
from lentigo.files import write_json

SIZE_PX = (768, 1024)
STAGES = {
    "reading the file": ("imaging/read.py", "read_photo"),
    "the gate": ("runtime/gate.py", "judge"),
    "the nets": ("runtime/answer.py", "answer"),
    "refining the mask": ("imaging/refine.py", "refine"),
    "finding and thinning the outline": ("imaging/contour.py", "outline"),
    "drawing the outline": ("imaging/overlay.py", "_line"),
    "measuring": ("imaging/measure.py", "measure"),
    "warnings about the photo": ("imaging/quality.py", "image_warnings"),
    "SHA-256 of the file": ("lentigo/files.py", "sha256_of"),
}
PACKAGES = 10
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
_LENTIGO = "from lentigo.cli import main; main()"


def stages_ms(path: Path, runs: int) -> dict[str, float]:
    """Return each stage's milliseconds an analysis, and the whole's."""
    analyzer = Analyzer(gate=False)
    for _ in range(3):
        analyzer.analyze(path)
    profile = cProfile.Profile()
    # While another call is there, all is done in this thread; earlier versions know no other way.
    other_call = analyzer._beside.call() if hasattr(analyzer, "_beside") else nullcontext()
    with other_call, profile:
        for _ in range(runs):
            analyzer.analyze(path)
    spent = {
        (file, function): cumulative
        for (file, _, function), (_, _, _, cumulative, _) in pstats.Stats(profile).stats.items()
    }

    def of(end: str, function: str) -> float:
        found = (s for (file, name), s in spent.items() if file.endswith(end) and name == function)
        return 1000 * sum(found) / runs

    told = {stage: of(*where) for stage, where in STAGES.items()}
    whole = of("runtime/analyzer.py", "analyze")
    return told | {"all else": whole - sum(told.values()), "together": whole}


def imports_ms(path: Path) -> dict[str, float]:
    """Return the milliseconds that a cold run spends in each package's modules as they load."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-X", "importtime", "-c", _LENTIGO, "analyze", path, "--no-gate"]
        run = subprocess.run([*command, "--out", out], check=True, capture_output=True, text=True)
    spent: Counter[str] = Counter()
    for microseconds, module in _IMPORT.findall(run.stderr):
        first, *rest = module.split(".")
        spent[".".join([first, *rest[:1]]) if first == "scipy" else first] += int(microseconds)
    largest = {name: total / 1000 for name, total in spent.most_common(PACKAGES)}
    return largest | {"together": spent.total() / 1000}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--when", choices=("before", "after"), required=True)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    chosen = parser.parse_args()
    file = chosen.out / "running_profile.json"
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        (photo,) = write_photos(Path(scratch) / "photos", SIZE_PX, 1, 1)
        half = {"stages_ms": stages_ms(photo, chosen.runs), "imports_ms": imports_ms(photo)}
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    write_json(file, known | {"machine": describe_machine(), chosen.when: half})
