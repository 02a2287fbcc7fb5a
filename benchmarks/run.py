"""Run the speed benchmarks, or those that are named: ``python benchmarks/run.py [NAME ...]``.

Each runs in a process of its own, so that memory and warmth are its own, and writes
``results/benchmarks/NAME.json``. Options after the names go to each of them.
"""

import subprocess
import sys
from itertools import takewhile
from pathlib import Path

HERE = Path(__file__).parent
SUBJECTS = (
    "prepare",
    "one_image",
    "folder",
    "engines",
    "analysis_engines",
    "evaluation",
    "growth",
    "training_step",
    "training_classifier",
)


def main(arguments: list[str]) -> int:
    named = list(takewhile(lambda argument: not argument.startswith("-"), arguments))
    unknown = sorted(set(named) - set(SUBJECTS))
    if unknown:
        print(f"no benchmark '{unknown[0]}'; there are: {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    failed = [name for name in named or SUBJECTS if _run(name, arguments[len(named) :])]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, options: list[str]) -> int:
    print(f"== {name}", flush=True)
    return subprocess.run([sys.executable, HERE / f"{name}.py", *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
