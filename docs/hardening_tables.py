"""The tables of ``hardening.md``, from what ``tests/hardening/prove.py`` wrote."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results" / "hardening"


def bad_input() -> str:
    """Return what came of each family of hostile files."""
    result = _result("bad-input")
    lines = [
        "| files | number | findings | refused | slowest, s | memory over rest, MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, family in result["families"].items():
        found = family["outcomes"].get("finding", 0)
        refused = {key: n for key, n in family["outcomes"].items() if key != "finding"}
        reasons = ", ".join(f"{n} × {key}" for key, n in sorted(refused.items())) or "–"
        lines.append(
            f"| {name} | {family['files']} | {found} | {reasons} | {family['slowest_s']:.1f} "
            f"| {family['peak_over_baseline_mb']:.0f} |"
        )
    total = result["outcomes"]
    lines += [
        f"| **all** | **{result['files']:,}** | {total.get('finding', 0):,} "
        f"| {result['files'] - total.get('finding', 0):,} | {result['slowest_s']:.1f} "
        f"| {result['peak_over_baseline_mb']:.0f} |",
        "",
        f"Answers that were neither a finding nor a 4xx with a reason, or later than "
        f"{result['deadline_s']:g} s: **{len(result['broken_promises'])}**. Workers replaced: "
        f"**{result['worker_restarts']}**. Tracebacks in the log: "
        f"**{result['tracebacks_logged']}**. The worker rested at {result['baseline_mb']:.0f} MB "
        f"before and {result['after_over_baseline_mb']:+.0f} MB of that after. "
        f"{_machine(result)}",
    ]
    return "\n".join(lines) + "\n"


def fuzzing() -> str:
    """Return what the fuzzer went through."""
    if not (RESULTS / "fuzzing.json").is_file():
        return "Not run to its end yet: `prove.py fuzz` does.\n"
    result = _result("fuzzing")
    lines = [
        "| target | minutes | executions | edges of Python covered | kept inputs | set aside |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for target, record in result["targets"].items():
        kinds = [name.rpartition("-")[0] or "exception" for name in record["findings"]]
        aside = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))) or "–"
        lines.append(
            f"| {target} | {record['seconds'] / 60:.0f} | {record['executions']:,} "
            f"| {record['coverage']:,} | {record['corpus_files']:,} | {aside} |"
        )
    return "\n".join([*lines, "", _machine(result)]) + "\n"


def load() -> str:
    """Return what the server did at twice and at half of what it can serve."""
    result = _result("load")
    twice, half, memory = result["twice"], result["half"], result["twice"]["memory"]
    accepted, refused = twice["accepted"], twice["refused"]
    rows = {
        "asked by": result["client"],
        "capacity, findings a second": f"{result['capacity_per_s']:.2f}",
        f"offered for {twice['minutes']:g} minutes, a second": f"{twice['offered_per_s']:.2f}",
        "answers": _counts(twice["outcomes"]),
        "findings: median, 99th percentile, slowest, s": _times(accepted),
        "503 `queue-full`: median, 99th percentile, slowest, s": _times(refused),
        "memory: first, last, largest, MB": f"{memory['first_mb']:.0f}, {memory['last_mb']:.0f}, "
        f"{memory['largest_mb']:.0f}",
        "memory's slope, MB a minute": f"{memory['slope_mb_per_minute']:+.1f}",
        "answers right after": _counts(result["after"]),
        f"at half, for {half['minutes']:g} minutes": _counts(half["outcomes"]),
        "at half: median, 99th percentile, slowest, s": _times(half),
        "at half: 99th percentile over median": f"{half['p99_over_median']:.2f}",
        "workers replaced": str(result["worker_restarts"]),
    }
    lines = ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join([*lines, "", _machine(result)]) + "\n"


def faults() -> str:
    """Return which faults were tried and whether the tests of them held."""
    lines = ["| fault | tests that held | failed | skipped |", "| --- | --- | --- | --- |"]
    for fault, told in _result("faults")["faults"].items():
        lines.append(f"| {fault} | {told['held']} | {told['failed']} | {told['skipped']} |")
    return "\n".join(lines) + "\n"


def _counts(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count:,} × {name}" for name, count in outcomes.items())


def _times(summary: dict[str, float]) -> str:
    keys = ("median_s", "p99_s", "largest_s")
    return ", ".join(f"{summary[key]:.2f}" for key in keys) if summary else "–"


def _machine(result: dict[str, Any]) -> str:
    told = result["machine"]
    return (
        f"On {told['cores']} cores ({told['processor']}, {told['system']}), Python "
        f"{told['python']}, Pillow {told['pillow']}, pydicom {told['pydicom']}."
    )


def _result(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return content
