"""What all speed benchmarks share: turns, ratios, the machine's description, the result file.

Ways of doing the same take turns (A B A B …), so that a machine that slows down slows all of them,
and a ratio is of neighbours in time. Seconds are the machine's; ratios hold better.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from lentigo.files import write_json

Way = TypeVar("Way")

RESULTS = Path(__file__).parents[1] / "results" / "benchmarks"
FLAGS = ("amx_bf16", "avx512_bf16")
LIBRARIES = (
    "numpy",
    "pillow",
    "onnxruntime",
    "openvino",
    "nncf",
    "torch",
    "torchvision",
    "segmentation-models-pytorch",
    "timm",
    "opencv-python-headless",
    "torchmetrics",
    "monai",
    "tensorflow-cpu",
    "keras",
)


def options(about: str, **defaults: int) -> argparse.Namespace:
    """Return a benchmark's options: ``--out`` and a number for each of the defaults."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{default} by default")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    return parser.parse_args()


def describe_machine() -> dict[str, Any]:
    """Return what the seconds hang on: processor, memory, versions."""
    facts = _cpuinfo()
    return {
        "processor": facts.get("model name", platform.machine()),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        **{flag: flag in facts.get("flags", "").split() for flag in FLAGS},
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "libraries": dict(_versions()),
    }


def alternate(
    ways: Mapping[Way, Callable[[], float]], rounds: int, warm_ups: int = 0
) -> dict[Way, list[float]]:
    """Run each way once a round, in turns, and return each one's seconds, round by round.

    Args:
        ways: Each measures itself and returns its seconds.
        rounds: How many times each is run.
        warm_ups: Rounds before that which do not count.
    """
    seconds: dict[Way, list[float]] = {name: [] for name in ways}
    for turn in range(-warm_ups, rounds):
        for name, way in ways.items():
            spent = way()
            if turn >= 0:
                seconds[name].append(spent)
    return seconds


def ratio(others: Sequence[float], own: Sequence[float]) -> dict[str, float]:
    """Return how many times as fast as the others, turn by turn: median and quartiles."""
    low, median, high = np.quantile(np.divide(others, own), (0.25, 0.5, 0.75))
    return {"median": float(median), "low_quartile": float(low), "high_quartile": float(high)}


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median, the 99th percentile, and how many runs they are of."""
    median, p99 = np.quantile(seconds, (0.5, 0.99))
    return {"median_s": float(median), "p99_s": float(p99), "runs": len(seconds)}


class Used(NamedTuple):
    """What a command took: seconds, seconds of all cores, and its largest process's memory."""

    seconds: float
    busy_s: float
    peak_memory_mb: float


def run_alone(command: Sequence[str]) -> Used:
    """Run a command to its end; return what it took.

    Raises:
        CalledProcessError: It failed.
    """
    # By way of a small process: a child's peak begins at its parent's, and ours may be large.
    launcher = [sys.executable, "-c", _LAUNCHER, *command]
    told = subprocess.run(launcher, check=True, stdout=subprocess.PIPE).stdout
    return Used(*json.loads(told))


_LAUNCHER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6]))
"""


def write(name: str, content: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Write ``content`` with the machine's description to ``NAME.json``, and tell where."""
    path = folder / f"{name}.json"
    write_json(path, {"machine": describe_machine()} | dict(content))
    print(f"written: {path}")


def _cpuinfo() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return {}
    lines = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}


def _versions() -> list[tuple[str, str]]:
    found = []
    for name in LIBRARIES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found
