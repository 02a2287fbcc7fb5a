"""``lentigo nets``: which networks a recipe can name, and what they cost."""

from typing import Annotated

import typer

from lentigo.cli.common import JsonOption, need_torch, print_json, stdout


def nets(
    size: Annotated[
        int,
        typer.Option(metavar="PX", min=1, help="Side of the square image that GMACs are told for."),
    ] = 256,
    json: JsonOption = None,
) -> None:
    """List the networks that a recipe can name, each with its default options.

    Millions of parameters say how much there is to store and to learn. GMACs are 10⁹
    multiply-adds for one image: those of convolutions, linear layers and attention.

    JSON: size_px, and nets, a list of name, task, parameters and gmacs.

    Example: lentigo nets --size 192
    """
    need_torch()
    from rich.table import Table

    from lentigo.nets.cost import list_nets

    rows = list_nets((size, size))
    listed = [
        {
            "name": row.name,
            "task": row.task,
            "parameters": row.cost.parameters,
            "gmacs": round(row.cost.gmacs, 4),
        }
        for row in rows
    ]
    if print_json({"size_px": [size, size], "nets": listed}, json):
        return
    table = Table("Name", "Task", box=None, pad_edge=False)
    for heading in ("M parameters", f"GMACs at {size}×{size}"):
        table.add_column(heading, justify="right")
    for row in rows:
        millions = f"{row.cost.parameters / 1e6:.2f}"
        table.add_row(row.name, row.task, millions, f"{row.cost.gmacs:.2f}")
    stdout.print(table)
