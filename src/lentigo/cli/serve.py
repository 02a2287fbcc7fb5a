"""``lentigo serve`` and ``lentigo token``: findings over HTTP, and who may ask for them."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from lentigo.cli.analyze import EngineOption
from lentigo.cli.common import stderr
from lentigo.errors import LentigoError

_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart", "reportlab")

_MEGABYTE = 1_000_000


def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than loopback needs --token-file.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes; each holds the models and a queue of its own.")
    ] = 1,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="F", help="Who may ask; 'lentigo token' makes it.", show_default="anyone here"
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep an audit row of each finding in DIR/audit.sqlite.",
            show_default="nothing is kept",
        ),
    ] = None,
    segmenter: Annotated[
        str | None,
        typer.Option(
            metavar="B", help="Bundle that outlines the lesion.", show_default="the shipped one"
        ),
    ] = None,
    classifier: Annotated[
        str | None,
        typer.Option(
            metavar="B", help="Bundle that estimates the risk.", show_default="the shipped one"
        ),
    ] = None,
    engine: EngineOption = "auto",
    operating_point: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The threshold to decide by.", show_default="its own"),
    ] = None,
    gate: Annotated[
        bool,
        typer.Option(
            "--gate/--no-gate",
            help="Refuse images that do not look like dermoscopy, or score them with a warning.",
        ),
    ] = True,
    queue: Annotated[
        int, typer.Option(min=1, metavar="N", help="Images that may wait, of each worker.")
    ] = 32,
    deadline: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="Seconds from upload to answer.")
    ] = 30.0,
    upload_time: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="Seconds that an upload may take.")
    ] = 30.0,
    body_limit: Annotated[
        float, typer.Option(min=0.001, metavar="MB", help="Megabytes that a request may have.")
    ] = 20.0,
    rate: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Requests a minute of one caller, of each worker."),
    ] = 600,
) -> None:
    """Serve findings over HTTP: open its address in a browser, or POST an image to /v1/analyze.

    Only this machine can reach the server unless --host and --token-file say otherwise. The API is
    described at /openapi.json, and how to run it in docs/serving.md.

    Examples:

      lentigo serve

      curl -F image=@photo.jpg http://127.0.0.1:8000/v1/analyze

      lentigo token clinic-a --token-file tokens

      lentigo serve --host 0.0.0.0 --token-file tokens --workers 4 --store audit
    """
    _need_serving()
    from lentigo.serving.run import serve as run_server
    from lentigo.serving.settings import Settings

    settings = Settings(
        segmenter=segmenter,
        classifier=classifier,
        engine=engine,
        operating_point=operating_point,
        gate=gate,
        threads=_threads(workers),
        host=host,
        token_file=token_file,
        store=store,
        queue_length=queue,
        deadline_s=deadline,
        upload_s=upload_time,
        body_limit=int(body_limit * _MEGABYTE),
        rate_per_minute=rate,
    )
    run_server(settings, port, workers)


def token(
    name: Annotated[
        str, typer.Argument(help="Whose token it is; it stands in logs.", show_default=False)
    ],
    *,
    token_file: Annotated[
        Path, typer.Option(metavar="F", help="The file to add it to.", show_default=False)
    ],
) -> None:
    """Make a token for 'lentigo serve --token-file F' and print it: once, for F holds a hash alone.

    A running server takes it after SIGHUP. To revoke it, remove its line from F and send SIGHUP.
    """
    _need_serving()
    from lentigo.serving.tokens import make_token

    print(make_token(name, token_file))
    stderr.print(f"added to {token_file}; this is the only time that the token is shown")


def _threads(workers: int) -> int | None:
    """Return each worker's share of the processor; None: all of it."""
    from lentigo.runtime.cores import cores

    return None if workers == 1 else max(1, cores() // workers)


def _need_serving() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise LentigoError(
            f"serving needs {missing[0]}, which is not installed: pip install 'lentigo[serve]'"
        )
