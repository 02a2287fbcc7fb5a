"""``lentigo data``: look over datasets and split them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lentigo.cli.common import JsonOption, parse_roots, print_json, progress, stdout

if TYPE_CHECKING:
    import polars as pl

    from lentigo.data.audit import AuditReport

app = typer.Typer(help="Look over datasets and split them.", no_args_is_help=True)

SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="What kind of dataset it is: isic2017, isic2017-part3, isic2018-task1, "
        "isic2018-task3, ham10000, ph2, folder (class sub-folders) or csv.",
    ),
]
RootOption = Annotated[
    Path, typer.Option("--root", metavar="DIR", help="Folder of the dataset; for csv, its file.")
]

EXAMPLES = 3


@app.command()
def audit(
    source: SourceArgument,
    root: RootOption,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="SOURCE=DIR",
            help="A further dataset, to find images and ids that both hold; may be repeated.",
        ),
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(
            "--split",
            metavar="FILE",
            help="CSV with the columns image_id,part, in place of the dataset's official parts: of "
            "copies it is told whether they stand in different parts.",
        ),
    ] = None,
    json: JsonOption = None,
) -> None:
    """Open every image and mask of a dataset and list what is wrong.

    Found are: images without masks and the reverse, sizes that differ, masks that are not binary
    or are constant, unreadable files, photos that are the same or nearly so, and ids in two
    datasets. Nothing is changed.

    Example: lentigo data audit ham10000 --root /data/ham10000 --json audit.json
    """
    from lentigo.data.audit import audit as audit_manifests
    from lentigo.data.sources import read_source

    manifests = [_with_parts(read_source(source, root), split)]
    manifests += [read_source(name, folder) for name, folder in parse_roots(also or []).items()]
    with progress("auditing") as report:
        found = audit_manifests(manifests, report)
    if not print_json(found.to_dict(), json):
        _print_report(found)


def _with_parts(manifest: "pl.DataFrame", split: Path | None) -> "pl.DataFrame":
    """Return the manifest with the parts of a split in place of the official ones."""
    from lentigo.data.splits import read_split

    if split is None:
        return manifest
    return (
        manifest.drop("part")
        .join(read_split(split), on="image_id", how="left", maintain_order="left")
        .select(manifest.columns)
    )


@app.command()
def split(
    source: SourceArgument,
    *,
    root: RootOption,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="CSV to write: image_id, part.")
    ],
    train: Annotated[float, typer.Option(help="Share of the images for training.")] = 0.7,
    validation: Annotated[float, typer.Option(help="Share for choosing between models.")] = 0.15,
    test: Annotated[float, typer.Option(help="Share that is held out to the end.")] = 0.15,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 42,
    json: JsonOption = None,
) -> None:
    """Divide a dataset into train, validation and test.

    Images of one lesion, and photos that are the same or nearly so, stay together; each label is
    divided by the same shares. The same data and seed always give the same split.

    Example: lentigo data split ham10000 --root /data/ham10000 --out split.csv
    """
    from lentigo.data.sources import read_source
    from lentigo.data.splits import split as split_manifest
    from lentigo.data.splits import write_split

    manifest = read_source(source, root)
    fractions = {"train": train, "validation": validation, "test": test}
    with progress("looking for near-duplicates") as report:
        parts = split_manifest(manifest, fractions, seed, progress=report)
    write_split(parts, out)
    summary = _split_summary(manifest, parts, fractions)
    if not print_json({"seed": seed, "fractions": fractions, "parts": summary}, json):
        _print_split(summary, out)


def _split_summary(
    manifest: "pl.DataFrame", parts: "pl.DataFrame", fractions: Mapping[str, float]
) -> list[dict[str, object]]:
    import polars as pl

    counts = (
        manifest.drop("part")
        .join(parts, on="image_id")
        .group_by("part")
        .agg(
            n=pl.len(),
            share=pl.len() / manifest.height,
            malignant=(pl.col("label") == 1).sum(),
            benign=(pl.col("label") == 0).sum(),
            lesions=pl.col("lesion").drop_nulls().n_unique(),
        )
    )
    return sorted(counts.to_dicts(), key=lambda row: list(fractions).index(row["part"]))


def _print_split(summary: list[dict[str, object]], out: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("part", "images", "share", "malignant", "benign", "lesions")
    for row in summary:
        share = f"{row['share']:.1%}"
        counts = (str(row[name]) for name in ("malignant", "benign", "lesions"))
        table.add_row(escape(str(row["part"])), str(row["n"]), share, *counts)
    stdout.print(table)
    stdout.print(f"written: {escape(str(out))}")


def _print_report(report: "AuditReport") -> None:
    from rich.markup import escape
    from rich.table import Table

    from lentigo.data.audit import KINDS

    table = Table("source", "rows", "images", "masks", "labels", "malignant", "lesions")
    for there in report.sources:
        counts = (there.rows, there.images, there.masks, there.labels, there.malignant)
        table.add_row(there.source, *map(str, counts), str(there.lesions))
    stdout.print(table)
    for kind, count in report.counts.items():
        if not count:
            continue
        stdout.print(f"[bold]{count:,} × {kind}[/bold]: {KINDS[kind]}")
        for fault in [fault for fault in report.faults if fault.kind == kind][:EXAMPLES]:
            stdout.print(escape(f"  {fault.image_id}: {fault.detail}"), soft_wrap=True)
        if count > EXAMPLES:
            stdout.print(f"  … {count - EXAMPLES:,} more; --json FILE lists all")
    if not report.faults:
        stdout.print("no faults found")
