"""Runs the tests of each fault and says which held."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
_HERE = "tests/hardening/test_faults.py"
_SERVING = "tests/serving"
FAULTS: dict[str, tuple[str, ...]] = {
    "kill -9 of a worker under load": (
        f"{_HERE}::test_no_acknowledged_finding_is_lost_when_workers_are_killed_under_load",
        f"{_SERVING}/test_run.py::test_a_killed_worker_is_replaced_and_no_request_hangs",
    ),
    "full disk under --store": (
        f"{_HERE}::test_a_full_disk_under_the_store_refuses_and_recovers",
        f"{_SERVING}/test_store.py"
        "::test_a_full_disk_is_told_and_the_next_row_is_stored_when_there_is_room",
    ),
    "store's file locked": (
        f"{_SERVING}/test_store.py::test_a_locked_database_is_a_503_and_no_finding",
    ),
    "store's file moved away": (
        f"{_SERVING}/test_store.py::test_a_file_that_was_moved_away_takes_no_rows_unseen",
    ),
    "bundle corrupted on disk": (
        f"{_HERE}::test_a_bundle_corrupted_on_disk_is_noticed_and_cannot_be_loaded",
    ),
    "bundle swapped on disk": (
        f"{_SERVING}/test_run.py::test_a_bundle_exchanged_after_the_start_is_never_served",
    ),
    "clock jumps": (f"{_HERE}::test_a_clock_that_jumps_changes_no_answer_and_no_deadline",),
    "client that sends a byte a second, or hangs up": (
        f"{_HERE}::test_clients_that_dawdle_or_hang_up_cost_the_others_nothing",
        f"{_SERVING}/test_protocol.py",
        f"{_SERVING}/test_limits.py::test_a_caller_that_went_away_keeps_no_place",
    ),
    "models that hang": (f"{_SERVING}/test_run.py::test_a_worker_whose_models_hang_ends_itself",),
}


def prove() -> dict[str, Any]:
    """Return, of each fault, how many tests held, failed and were skipped."""
    return {"faults": {fault: _outcomes(tests) for fault, tests in FAULTS.items()}}


def _outcomes(tests: tuple[str, ...]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *tests]
        subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        cases = list(ElementTree.parse(report).iter("testcase"))
    failed = sum(
        case.find("failure") is not None or case.find("error") is not None for case in cases
    )
    skipped = sum(case.find("skipped") is not None for case in cases)
    return {"held": len(cases) - failed - skipped, "failed": failed, "skipped": skipped}
