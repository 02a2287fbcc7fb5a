"""``lentigo bundle``: what trained models are there, what they can do, whether they are whole."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lentigo.cli.common import JsonOption, one_line, print_json, stdout

if TYPE_CHECKING:
    from lentigo.bundle import Bundle

app = typer.Typer(help="List, show and verify trained models (bundles).", no_args_is_help=True)

BundleArgument = Annotated[
    str, typer.Argument(metavar="B", help="A shipped bundle's name or a folder.")
]


@app.command("list")
def list_bundles(json: JsonOption = None) -> None:
    """List the bundles that came with the package.

    JSON: a list of name, task, default, size_mb and sha256 (of bundle.json, which in turn holds
    the SHA-256 of every other file).
    """
    from rich.table import Table

    from lentigo.bundle import bundle_names, load_bundle

    rows = [_summary(load_bundle(name)) for name in bundle_names()]
    if print_json(rows, json):
        return
    table = Table("Name", "Task", "Default", "MB", "SHA-256", box=None, pad_edge=False)
    for row in rows:
        default = "yes" if row["default"] else ""
        table.add_row(
            row["name"], row["task"], default, f"{row['size_mb']:.1f}", row["sha256"][:16] + "…"
        )
    stdout.print(table)


@app.command()
def show(bundle: BundleArgument, json: JsonOption = None) -> None:
    """Show what a bundle does, its operating points, and how it was measured."""
    from lentigo.bundle import load_bundle

    opened = load_bundle(bundle)
    if print_json(_summary(opened) | {"spec": opened.spec.model_dump(mode="json")}, json):
        return
    spec = opened.spec
    height, width = spec.input.size_px
    lines = [
        f"{spec.name}: {spec.task} by {spec.net}, at {height}×{width} px",
        f"Folder: {opened.path}",
        f"SHA-256: {opened.sha256}",
    ]
    if spec.input.region:
        lines.append(f"Shown: {spec.input.region}")
    if spec.input.preprocessing:
        lines.append(f"Preprocessing: {', '.join(spec.input.preprocessing)}")
    for name, point in spec.operating_points.items():
        mark = " (default)" if name == spec.default_operating_point else ""
        lines.append(f"Operating point {name}{mark}: {point.threshold:.4f}, {point.rule}")
    for line in lines:
        stdout.print(one_line(line), markup=False, soft_wrap=True)
    card = opened.path / "MODEL_CARD.md"
    if "MODEL_CARD.md" in spec.files:
        from rich.markdown import Markdown

        stdout.print(Markdown(card.read_text(encoding="utf-8", errors="replace")))


@app.command()
def verify(bundle: BundleArgument, json: JsonOption = None) -> None:
    """Check a bundle through and through: files, weights, and one run of the model.

    Every file must have the SHA-256 that bundle.json lists, every weight must be finite, nothing
    may lie outside the folder, and the model must answer as its task asks.
    """
    from lentigo.bundle import load_bundle
    from lentigo.runtime.verify import verify_bundle

    opened = load_bundle(bundle)
    checks = verify_bundle(opened)
    if print_json(_summary(opened) | {"ok": True, "checks": list(checks)}, json):
        return
    for check in checks:
        stdout.print(f"ok: {check}", markup=False)


def _summary(bundle: "Bundle") -> dict[str, Any]:
    return {
        "name": bundle.spec.name,
        "task": bundle.spec.task,
        "default": bundle.spec.default,
        "size_mb": round(bundle.size_bytes / 1e6, 2),
        "sha256": bundle.sha256,
    }
