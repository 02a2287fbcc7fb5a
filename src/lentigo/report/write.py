"""From the stream of outcomes to the files of a run."""

from collections.abc import Iterable
from pathlib import Path

from lentigo.errors import LentigoError
from lentigo.files import atomic_open, write_text
from lentigo.report.page import render_page
from lentigo.report.summary import Summary
from lentigo.report.tables import FindingsDocument, FindingsTable, SkippedTable
from lentigo.runtime.batch import Outcome, Skipped


def write_report(outcomes: Iterable[Outcome], out_dir: Path) -> Summary:
    """Write ``findings.json``, ``findings.csv``, ``skipped.csv`` and ``report.html``.

    Each comes into being whole when the last outcome is in; findings are not kept in memory
    but for those that the page shows.

    Args:
        outcomes: What became of each image.
        out_dir: The run's folder, which the outcomes' folders lie in.

    Raises:
        LentigoError: The files cannot be written, the disk is full for instance.
    """
    try:
        return _write(outcomes, out_dir)
    except OSError as error:
        raise LentigoError(
            f"{out_dir}: the report cannot be written ({error.strerror}); what is done is kept, "
            "and --resume will go on from there"
        ) from error


def _write(outcomes: Iterable[Outcome], out_dir: Path) -> Summary:
    summary = Summary()
    with (
        atomic_open(out_dir / "findings.json", "w") as json_stream,
        atomic_open(out_dir / "findings.csv", "w") as csv_stream,
        atomic_open(out_dir / "skipped.csv", "w") as skipped_stream,
    ):
        document, table = FindingsDocument(json_stream), FindingsTable(csv_stream)
        skipped = SkippedTable(skipped_stream)
        for outcome in outcomes:
            summary.add(outcome)
            if isinstance(outcome, Skipped):
                skipped.add(outcome)
            else:
                folder = outcome.folder.relative_to(out_dir).as_posix()
                document.add(outcome.finding, folder)
                table.add(outcome.finding, folder)
        document.finish(summary.skipped, summary.counts())
    write_text(out_dir / "report.html", render_page(summary, out_dir))
    return summary
