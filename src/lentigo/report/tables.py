"""Findings as one JSON document and as one CSV table, written image by image."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, Any

from lentigo.runtime.batch import Skipped
from lentigo.runtime.finding import NOTICE, Finding

COLUMNS = (
    "image",
    "folder",
    "decision",
    "probability_malignant",
    "refusal",
    "operating_point",
    "threshold",
    "diagnoses_uncalibrated",
    "warnings",
    "lesion_found",
    "expected_jaccard",
    "review_below",
    "area_share",
    "area_px",
    "equivalent_diameter_px",
    "area_mm2",
    "equivalent_diameter_mm",
    "asymmetry",
    "border_irregularity",
    "colour_variegation",
    "height_px",
    "width_px",
    "image_sha256",
)


class FindingsDocument:
    """``findings.json``: the findings, the files that could not be read, and a summary."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        head = {"schema_version": 1, "notice": NOTICE}
        stream.write(json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "findings": [')
        self._separator = "\n"

    def add(self, finding: Finding, folder: str) -> None:
        """Append one finding; ``folder`` is where its pictures lie."""
        entry = {"folder": folder} | finding.model_dump(mode="json")
        self._stream.write(self._separator + _compact(entry))
        self._separator = ",\n"

    def finish(self, skipped: Sequence[Skipped], summary: dict[str, int]) -> None:
        """Close the document."""
        faults = [asdict(fault) for fault in skipped]
        self._stream.write(
            f'\n  ],\n  "skipped": {_compact(faults)},\n  "summary": {_compact(summary)}\n}}\n'
        )


class FindingsTable:
    """``findings.csv``: one row a finding, an empty cell for what is not known."""

    def __init__(self, stream: IO[str]) -> None:
        self._rows = csv.writer(stream, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def add(self, finding: Finding, folder: str) -> None:
        """Append one finding; ``folder`` is where its pictures lie."""
        values = finding.model_dump()
        values |= values["measurements"] or {}
        values |= values["outline_quality"] or {}
        values |= {
            "folder": folder,
            "refusal": finding.refusal.message if finding.refusal else None,
            "operating_point": finding.operating_point.name,
            "threshold": finding.operating_point.threshold,
            "diagnoses_uncalibrated": _shares(finding),
            "warnings": " ".join(note.code for note in finding.warnings),
            "height_px": finding.size_px[0],
            "width_px": finding.size_px[1],
        }
        self._rows.writerow([plain_cell(values.get(name)) for name in COLUMNS])


class SkippedTable:
    """``skipped.csv``: the files that could not be read, and why."""

    def __init__(self, stream: IO[str]) -> None:
        self._rows = csv.writer(stream, lineterminator="\n")
        self._rows.writerow(("image", "fault"))

    def add(self, skipped: Skipped) -> None:
        """Append one file."""
        self._rows.writerow((plain_cell(skipped.image), plain_cell(skipped.fault)))


def plain_cell(value: Any) -> Any:
    """Return ``value`` so that no spreadsheet takes it for a formula: a quote goes before it.

    After OWASP, "CSV Injection".

    Example:
        >>> plain_cell("=HYPERLINK(1).jpg"), plain_cell("mole.jpg"), plain_cell(-1.5)
        ("'=HYPERLINK(1).jpg", 'mole.jpg', -1.5)
    """
    risky = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    return f"'{value}" if risky else value


def _shares(finding: Finding) -> str | None:
    """Return the diagnoses and their shares in one cell, the greatest first, as JSON."""
    if finding.diagnoses is None:
        return None
    return _compact({name: round(share, 3) for name, share in finding.diagnoses.items()})


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
