"""``lentigo analyze``: photos in, findings out."""

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from lentigo.cli.common import JsonOption, copy_json, need_dicom, one_line, progress, stderr, stdout
from lentigo.errors import LentigoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.table import Table

    from lentigo.dicom.batch import DicomFolder
    from lentigo.errors import ImageError
    from lentigo.report import Summary
    from lentigo.runtime.analyzer import Analyzer
    from lentigo.runtime.batch import Done, Outcome

EngineOption: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="auto|onnxruntime|openvino",
        help="What runs the models. auto: OpenVINO on x86-64 processors, else ONNX Runtime.",
    ),
]
ROWS_SHOWN = 20
COLOURS = {"malignant": "red", "benign": "green", "refused": "yellow"}


def analyze(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Image files, folders (with all that is below them) and quoted glob patterns.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the results go.", show_default=False)
    ],
    segmenter: Annotated[
        str | None,
        typer.Option(
            metavar="B",
            help="Bundle that outlines the lesion: a shipped one's name or a folder.",
            show_default="the shipped one",
        ),
    ] = None,
    classifier: Annotated[
        str | None,
        typer.Option(
            metavar="B",
            help="Bundle that estimates the risk: a shipped one's name or a folder.",
            show_default="the shipped one",
        ),
    ] = None,
    engine: EngineOption = "auto",
    operating_point: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The classifier's threshold to decide by; 'lentigo bundle show' lists them.",
            show_default="its own",
        ),
    ] = None,
    gate: Annotated[
        bool,
        typer.Option(
            "--gate/--no-gate",
            help="Refuse images that do not look like dermoscopy, or score them with a warning.",
        ),
    ] = True,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Keep what an earlier run into DIR finished; do the rest."),
    ] = False,
    heat_maps: Annotated[
        bool,
        typer.Option(
            "--heat-maps",
            help="Also save heat.jpg for each image: where the classifier sees malignancy.",
        ),
    ] = False,
    dicom_out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write NAME-seg.dcm and NAME-sr.dcm, a DICOM Segmentation and structured "
            "report, for each image; the images must be DICOM.",
        ),
    ] = None,
    json: JsonOption = None,
) -> None:
    """Outline, measure and score the lesion in each image.

    DIR then holds report.html (open this first), findings.csv, findings.json, skipped.csv (files
    that could not be read, and why), and for each image a folder under images/ with mask.png (at
    the photo's own size), overlay.jpg, crop.jpg and finding.json. Where the classifier tells them,
    they also give diagnoses and a heat map of where it sees malignancy.

    An image that does not look like dermoscopy is refused, with a reason in place of a
    probability; it has overlay.jpg (the image as it is) and finding.json alone. --no-gate scores
    it, and the warning not-dermoscopy stays in its finding.

    A broken file, or a sub-folder that cannot be listed, is reported and passed over. The exit
    code is 0 when at least one image was analysed or refused, and 2 when none could be read or the
    input is wrong: a PATH that is not there, for instance, though the others are done.

    Examples:

      lentigo analyze photo.jpg --out results

      lentigo analyze clinic/ "more/*.png" --out results --resume

      lentigo analyze study/ --out results --dicom-out results/dicom

      lentigo analyze photos/ --out results --operating-point sensitivity-95 --json -
    """
    from lentigo.runtime.analyzer import Analyzer
    from lentigo.runtime.cores import at_once
    from lentigo.runtime.inputs import find_images

    if out.exists() and not out.is_dir():
        raise LentigoError(f"--out {out}: is a file; give a folder")
    inputs = find_images(paths, out)
    if not inputs.images:
        raise inputs.wrong[0]
    dicom = None if dicom_out is None else _dicom_folder(dicom_out, inputs.images)
    together = at_once(len(inputs.images))
    analyzer = Analyzer(segmenter, classifier, engine, operating_point, gate=gate, at_once=together)
    if heat_maps and "heat" not in analyzer.classifier.engine.outputs:
        raise LentigoError(
            f"--heat-maps: the model of bundle '{analyzer.classifier.bundle.spec.name}' gives no "
            "heat map; leave the option out, or choose a --classifier that does"
        )
    faults = (*inputs.wrong, *inputs.unlisted)
    analyze_to(
        analyzer,
        inputs.images,
        out,
        faults=faults,
        resume=resume,
        heat_maps=heat_maps,
        dicom=dicom,
        json=json,
    )
    if inputs.wrong:
        raise LentigoError(f"{inputs.wrong[0]}; the other paths were analysed")


def analyze_to(
    analyzer: "Analyzer",
    images: "Sequence[Path]",
    out: Path,
    *,
    faults: "Sequence[ImageError]" = (),
    resume: bool = False,
    heat_maps: bool = False,
    dicom: "DicomFolder | None" = None,
    json: Path | None = None,
) -> None:
    """Analyse images into a folder and print what came of it and of ``faults``, known before.

    Raises:
        LentigoError: None of the images can be read, or the folder cannot be written.
    """
    from lentigo.report import write_report
    from lentigo.runtime.batch import Skipped, analyze_many

    analysed = analyze_many(analyzer, images, out, resume=resume, heat_maps=heat_maps)
    outcomes = chain(
        map(Skipped.because, faults), analysed if dicom is None else dicom.written(analysed)
    )
    summary = write_report(_watched(outcomes, len(faults) + len(images)), out)
    if not copy_json(out / "findings.json", json):
        _print(summary, out)
    if not summary.analysed:
        first, *others = summary.skipped
        lead = f"none of the {len(images)} images could be read; the first is " if others else ""
        raise LentigoError(f"{lead}{first.image}: {first.fault}")
    if dicom is not None and dicom.faults:
        raise LentigoError(
            f"{len(dicom.faults)} images were analysed and got no DICOM objects; the first: "
            f"{dicom.faults[0]}"
        )


def _dicom_folder(folder: Path, images: "Sequence[Path]") -> "DicomFolder":
    need_dicom()
    from lentigo.dicom.batch import DicomFolder, check_are_dicom

    if folder.exists() and not folder.is_dir():
        raise LentigoError(f"--dicom-out {folder}: is a file; give a folder")
    check_are_dicom(images)
    return DicomFolder(folder)


def _watched(outcomes: "Iterable[Outcome]", total: int) -> "Iterator[Outcome]":
    with progress("Analysing") as report:
        report(0, total)
        for done, outcome in enumerate(outcomes, start=1):
            yield outcome
            report(done, total)


def _table(names: "Sequence[str]", shown: "Sequence[Done]") -> "Table":
    """Return the findings as a table, with the likeliest diagnosis where any is told."""
    from rich.markup import escape
    from rich.table import Table

    from lentigo.report.words import percent

    told = any(done.finding.diagnoses for done in shown)
    table = Table(box=None, pad_edge=False)
    table.add_column("Image", overflow="fold")
    for head in ("Called", "Probability", *(("Diagnosis, uncalibrated",) if told else ())):
        table.add_column(head)
    table.add_column("Warnings")
    for name, done in zip(names, shown, strict=True):
        finding = done.finding
        risk = finding.probability_malignant
        notes = [note.code for note in finding.warnings]
        likeliest = [
            f"{code} {percent(share)}" for code, share in (finding.diagnoses or {}).items()
        ]
        table.add_row(
            escape(one_line(name)),
            f"[{COLOURS[finding.decision]}]{finding.decision}[/]",
            "" if risk is None else percent(risk),
            *([escape(one_line(likeliest[0])) if likeliest else ""] if told else []),
            ", ".join([finding.refusal.code, *notes] if finding.refusal else notes),
        )
    return table


def _print(summary: "Summary", out: Path) -> None:
    from rich.markup import escape

    before = f"; {summary.resumed} were done before" if summary.resumed else ""
    if summary.analysed:
        shown = slice(ROWS_SHOWN)
        stdout.print(_table(summary.names[shown], summary.highest[shown]))
    if summary.analysed > ROWS_SHOWN:
        stdout.print(f"... and {summary.analysed - ROWS_SHOWN} more")
    for skipped in summary.skipped[:ROWS_SHOWN]:
        stderr.print(
            f"not readable: {escape(one_line(f'{skipped.image}: {skipped.fault}'))}", soft_wrap=True
        )
    if len(summary.skipped) > ROWS_SHOWN:
        more = len(summary.skipped) - ROWS_SHOWN
        stderr.print(f"... and {more} more; skipped.csv lists all")
    refused = f"{summary.refused} refused as not dermoscopy, " if summary.refused else ""
    page = escape(one_line(str(out / "report.html")))
    stdout.print(
        f"\n{summary.analysed} analysed, {summary.malignant} called malignant, {refused}"
        f"{len(summary.skipped)} not readable{before}. See {page}",
        soft_wrap=True,
    )
