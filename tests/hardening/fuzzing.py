"""Fuzzes the reader with atheris in slices, and sums up what came of it."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from corpus.seeds import seeds

HARNESS = Path(__file__).with_name("fuzz_reader.py")
SEEDS = {
    "photo": ("jpeg", "png", "tiff", "bmp", "webp"),
    "mask": ("png", "tiff", "bmp", "jpeg"),
    "dicom": ("dicom",),
}
SHARES = {"photo": 7 / 12, "mask": 2 / 12, "dicom": 3 / 12}
LIMITS = {"timeout_s": 25, "rss_limit_mb": 2048, "max_len_bytes": 40_000}
_SLICE_S = 300.0


@dataclass
class Record:
    """What one target went through."""

    seconds: float = 0.0
    executions: int = 0
    coverage: int = 0
    features: int = 0
    corpus_files: int = 0
    findings: list[str] = field(default_factory=list)


def fuzz(minutes: float, folder: Path) -> dict[str, Any]:
    """Fuzz all targets for so long together; corpora and findings are kept under ``folder``."""
    records = {target: Record() for target in SEEDS}
    for target in SEEDS:
        _prepare(target, folder / target)
    for target, seconds in _slices(60 * minutes, records):
        _run(target, seconds, folder / target, records[target])
    return {
        "limits": LIMITS,
        "seconds": sum(record.seconds for record in records.values()),
        "targets": {target: asdict(record) for target, record in records.items()},
    }


def _slices(total_s: float, records: Mapping[str, Record]) -> Iterator[tuple[str, float]]:
    """Yield what to fuzz next and for how long, so that each target gets its share in turn."""
    while True:
        left = {target: SHARES[target] * total_s - records[target].seconds for target in records}
        target = max(left, key=lambda name: left[name] / SHARES[name])
        if left[target] < 1:
            return
        yield target, min(_SLICE_S, left[target])


def _prepare(target: str, folder: Path) -> None:
    for name in ("corpus", "findings"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for kind in SEEDS[target]:
        for name, content in seeds(kind).items():
            (folder / "corpus" / f"{kind}-{name}").write_bytes(content)


def _run(target: str, seconds: float, folder: Path, record: Record) -> None:
    findings = folder / "findings"
    command = [
        *(sys.executable, str(HARNESS), target, str(findings), str(folder / "corpus")),
        f"-max_total_time={max(1, round(seconds))}",
        f"-timeout={LIMITS['timeout_s']}",
        f"-rss_limit_mb={LIMITS['rss_limit_mb']}",
        f"-max_len={LIMITS['max_len_bytes']}",
        f"-artifact_prefix={findings}/",
    ]
    began = time.monotonic()
    told = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs = re.findall(r"^#(\d+)\s.* cov: (\d+) ft: (\d+)", told.stderr, re.MULTILINE)
    if not runs:
        raise RuntimeError(f"the fuzzer did not run:\n{told.stderr[-2000:]}")
    executed, coverage, features = map(int, runs[-1])
    done = re.search(r"^Done (\d+) runs in (\d+) second", told.stderr, re.MULTILINE)
    record.executions += int(done[1]) if done else executed
    record.seconds += float(done[2]) if done else time.monotonic() - began
    record.coverage = max(record.coverage, coverage)
    record.features = max(record.features, features)
    record.corpus_files = len(list((folder / "corpus").iterdir()))
    record.findings = sorted(path.name for path in findings.iterdir() if path.suffix != ".txt")
