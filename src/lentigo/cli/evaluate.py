"""``lentigo evaluate``: how good a bundle is on a dataset."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lentigo.cli.common import JsonOption, one_line, print_json, progress, stderr, stdout
from lentigo.errors import SplitError

if TYPE_CHECKING:
    import polars as pl

_REASONS_SHOWN = 5


def evaluate(
    bundle: Annotated[str, typer.Argument(help="A shipped bundle's name, or a bundle's folder.")],
    *,
    source: Annotated[
        str, typer.Option(help="The dataset's layout, such as isic2018-task1, ham10000 or ph2.")
    ],
    root: Annotated[Path, typer.Option(help="Folder that holds the dataset.")],
    split: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns image_id,part, as 'lentigo data split' writes."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="Part to take: of --split, or without it the dataset's official part."),
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(help="Take these images alone: a text file with one image id a line."),
    ] = None,
    engine: Annotated[str, typer.Option(help="auto, onnxruntime or openvino.")] = "auto",
    outlines: Annotated[
        str | None,
        typer.Option(
            metavar="true|BUNDLE",
            help="By whose outlines a classifier is shown a region, where it sees one: true, the "
            "dataset's own masks, or a segmenter's.",
            show_default="the shipped segmenter",
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--record", help="Keep the result in the bundle and write its model card anew."
        ),
    ] = False,
    json: JsonOption = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a table with one row an image."),
    ] = None,
) -> None:
    """Measure a bundle on a dataset.

    A segmenter is compared with the masks, at their own size: Dice and Jaccard, per image and
    pooled. A classifier is compared with the diagnoses: AUC, calibration, and sensitivity,
    specificity and more at each operating point. Every number comes with the interval that holds
    95 % of 1,000 bootstrap draws of lesions. Images without a mask or diagnosis are left out;
    images that cannot be read are skipped; both are counted. Where the bundle was trained on some
    of the images, or chosen by them, a warning says so.

    Example: lentigo evaluate vgg-segnet --source isic2018-task1 --root data --json result.json
    """
    from lentigo.bundle import load_bundle
    from lentigo.data.sources import read_source
    from lentigo.evaluation.evaluate import evaluate_bundle
    from lentigo.evaluation.record import record
    from lentigo.files import write_text

    model = load_bundle(bundle)
    rows, described = _selected(read_source(source, root), split, part, ids)
    with progress("evaluating") as report:
        evaluation = evaluate_bundle(
            model, rows, split=described, engine=engine, outlines=outlines, progress=report
        )
    if keep:
        record(model, evaluation.metrics)
    if csv is not None:
        write_text(csv, evaluation.table.write_csv())
    if not print_json(evaluation.metrics, json):
        _show(evaluation.metrics)
    _warn(evaluation.metrics)


def _selected(
    manifest: "pl.DataFrame", split: Path | None, part: str | None, ids: Path | None
) -> "tuple[pl.DataFrame, str]":
    """Return the rows that the options choose, and the choice in words."""
    from lentigo.data.splits import read_ids, read_split, rows_of_ids, rows_of_part

    if ids is not None:
        if split is not None or part is not None:
            raise SplitError("--ids already says which images; leave --split and --part out")
        return rows_of_ids(manifest, read_ids(ids)), f"the ids in {ids.name}"
    if split is not None:
        if part is None:
            raise SplitError("--split needs --part, such as --part test")
        return rows_of_part(manifest, read_split(split), part), f"part '{part}' of {split.name}"
    if part is not None:
        return _official_part(manifest, part), f"official part '{part}'"
    return manifest, "every image"


def _official_part(manifest: "pl.DataFrame", part: str) -> "pl.DataFrame":
    rows = manifest.filter(manifest["part"] == part)
    if rows.is_empty():
        known = ", ".join(manifest["part"].drop_nulls().unique().sort()) or "none"
        raise SplitError(
            f"the data has no official part '{part}'; it has: {known}. Give a --split file, or "
            "leave --part out to take every image"
        )
    return rows


def _show(metrics: Mapping[str, Any]) -> None:
    from rich.markup import escape

    from lentigo.evaluation.model_card import (
        SLICE_HEAD,
        headline_rows,
        rate_rows,
        slice_rows,
        too_small_slices,
    )

    stdout.print(
        f"{metrics['bundle']['name']} on {', '.join(metrics['data'])}, {metrics['split']}: "
        f"{metrics['n']} images in {metrics['n_groups']} groups",
        markup=False,
        soft_wrap=True,
    )
    table = Table("metric", "value", "95 % interval")
    for row in headline_rows(metrics["task"], metrics):
        table.add_row(*row)
    stdout.print(table)
    points = metrics.get("operating_points")
    if not points:
        return
    decisions = Table("operating point", "metric", "value", "95 % interval")
    for name, point in points.items():
        threshold = f"from {point['threshold']:.3f}"
        counts = " ".join(f"{cell} {point[cell]}" for cell in ("tp", "fp", "fn", "tn"))
        for title, row in zip((name, threshold, counts, "", ""), rate_rows(point), strict=True):
            decisions.add_row(title, *row)
        decisions.add_section()
    stdout.print(decisions)
    if judged := slice_rows(metrics):
        slices = Table(title="For whom, the worst first", show_lines=True)
        for name in SLICE_HEAD:
            slices.add_column(name, overflow="fold")
        for cells in judged:
            slices.add_row(*(escape(one_line(cell)) for cell in cells))
        stdout.print(slices)
    if small := too_small_slices(metrics):
        line = f"too small to judge: {'; '.join(small)}"
        stdout.print(one_line(line), markup=False, soft_wrap=True)


def _warn(metrics: Mapping[str, Any]) -> None:
    from lentigo.evaluation.known import in_words as known_in_words
    from lentigo.evaluation.outlines import in_words

    if known := known_in_words(metrics["known"], metrics["n"]):
        stderr.print(f"warning: {known}", style="yellow", markup=False, soft_wrap=True)
    if metrics["n_left_out"]:
        truth = "mask" if metrics["task"] == "segmentation" else "diagnosis"
        stderr.print(f"left out: {metrics['n_left_out']} without an image or without a {truth}")
    if (outlines := metrics.get("outlines")) and (whole := outlines["n_shown_whole"]):
        line = f"shown whole: {whole} without a lesion in {in_words(outlines['by'])}"
        stderr.print(line, markup=False, soft_wrap=True)
    if skipped := metrics["skipped"]:
        stderr.print(f"skipped: {len(skipped)} that could not be read", style="yellow")
        for one in skipped[:_REASONS_SHOWN]:
            stderr.print(f"  {one['reason']}", markup=False, soft_wrap=True)
        if len(skipped) > _REASONS_SHOWN:
            stderr.print("  … (--json and --csv list them all)")
