"""The command line: arguments and printing, nothing else."""

import sys

import typer

from lentigo.cli import (
    analyze,
    bundle,
    common,
    data,
    demo,
    dicom,
    evaluate,
    nets,
    serve,
    study,
    train,
)

app = typer.Typer(
    name="lentigo",
    help="Dermoscopic images: outline the lesion, crop to it, estimate the risk that it is "
    "malignant; train, audit and ship the models that do.\n\n"
    "Research software, not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
app.command()(analyze.analyze)
app.command()(demo.demo)
app.add_typer(bundle.app, name="bundle")
app.add_typer(data.app, name="data")
app.add_typer(dicom.app, name="dicom")
app.command()(nets.nets)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(train.export)
app.command()(study.study)
app.command()(serve.serve)
app.command()(serve.token)


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from importlib.metadata import version as installed

        common.stdout.print(installed("lentigo"))
        raise typer.Exit


def main() -> None:
    """Run the command line: the ``lentigo`` program."""
    sys.exit(common.run(app))
