"""A way of training in a process of its own, which takes a turn when it is told to.

Libraries keep threads and memory of their own; in one process they would stand in each other's way.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
CORES = len(os.sched_getaffinity(0))


class Turns:
    """A script that :func:`take_turns` runs in, with its arguments."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": str(CORES), "TF_CPP_MIN_LOG_LEVEL": "3"},
            text=True,
        )

    def __call__(self, turn: str) -> dict[str, float]:
        """Let it take a turn, and return what it measured."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(turn + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended: run it by hand to see why")
        measured: dict[str, float] = json.loads(line)
        return measured

    def end(self) -> None:
        """Let the process end."""
        self._process.communicate()


def take_turns(ways: Mapping[str, Callable[[], dict[str, float]]]) -> None:
    """Take the turn that each line of the standard input names, and answer with a line of JSON."""
    for line in sys.stdin:
        print(json.dumps(ways[line.strip()]()), flush=True)
