"""Findings for people and for other programs: JSON, CSV and a page of HTML."""

from lentigo.report.summary import Summary
from lentigo.report.write import write_report

__all__ = ["Summary", "write_report"]
