"""The long proofs that the server holds: each writes one file under ``results/hardening``.

python tests/hardening/prove.py bad-input
python tests/hardening/prove.py fuzz --minutes 60 --folder fuzz
"""

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from lentigo.files import write_json

RESULTS = Path(__file__).parents[2] / "results" / "hardening"


def main() -> None:
    """Run one proof."""
    arguments = _parser().parse_args()
    arguments.run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    proofs = parser.add_subparsers(required=True, metavar="PROOF")
    bad_input = proofs.add_parser("bad-input", help="send the corpus to a server, some 15 minutes")
    bad_input.set_defaults(run=_bad_input)
    load = proofs.add_parser(
        "load", help="twice what the server can serve, then half of it; needs 'pip install locust'"
    )
    load.add_argument("--minutes", type=float, default=10.0, help="at twice; half of it at half")
    load.set_defaults(run=_load)
    faults = proofs.add_parser("faults", help="run the tests of each fault, a few minutes")
    faults.set_defaults(run=_faults)
    fuzz = proofs.add_parser("fuzz", help="fuzz the reader; needs 'pip install atheris'")
    fuzz.add_argument("--minutes", type=float, default=60.0, help="for all targets together")
    fuzz.add_argument("--folder", type=Path, required=True, help="keeps corpora and findings")
    fuzz.set_defaults(run=_fuzz)
    return parser


def _bad_input(_: argparse.Namespace) -> None:
    from bad_input import prove

    _write("bad-input", prove())


def _load(arguments: argparse.Namespace) -> None:
    from load import prove

    _write("load", prove(arguments.minutes))


def _faults(_: argparse.Namespace) -> None:
    from faults import prove

    _write("faults", prove())


def _fuzz(arguments: argparse.Namespace) -> None:
    from fuzzing import fuzz

    _write("fuzzing", fuzz(arguments.minutes, arguments.folder))


def _write(name: str, result: dict[str, Any]) -> None:
    from machine import machine

    path = RESULTS / f"{name}.json"
    write_json(path, {"machine": machine()} | result)
    print(path)


if __name__ == "__main__":
    main()
