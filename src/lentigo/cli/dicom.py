"""``lentigo dicom``: a DICOM node."""

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from lentigo.cli.analyze import EngineOption
from lentigo.cli.common import need_dicom, stderr

app = typer.Typer(help="Receive DICOM images and answer with what is found.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep ``listen`` a command of its own while it is the only one."""


@app.command()
def listen(
    *,
    forward: Annotated[
        str,
        typer.Option(
            metavar="AET@HOST:PORT",
            help="Node that gets the Segmentation and report of each image.",
            show_default=False,
        ),
    ],
    spool: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Where images wait until their results are sent; of one listener alone.",
            show_default=False,
        ),
    ],
    aet: Annotated[
        str, typer.Option(metavar="AET", help="Own AE title, which callers must call.")
    ] = "LENTIGO",
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 is all.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")
    ] = 11_112,
    caller: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AET", help="AE title that may call; can be repeated.", show_default="any"
        ),
    ] = None,
    queue: Annotated[
        int, typer.Option(min=1, help="How many images may wait; more are refused.")
    ] = 64,
    segmenter: Annotated[
        str | None, typer.Option(metavar="B", help="As in 'lentigo analyze'.")
    ] = None,
    classifier: Annotated[
        str | None, typer.Option(metavar="B", help="As in 'lentigo analyze'.")
    ] = None,
    engine: EngineOption = "auto",
    operating_point: Annotated[
        str | None, typer.Option(metavar="NAME", help="As in 'lentigo analyze'.")
    ] = None,
    gate: Annotated[bool, typer.Option("--gate/--no-gate", help="As in 'lentigo analyze'.")] = True,
) -> None:
    """Receive images by C-STORE, analyse them, send the results on by C-STORE.

    An image is acknowledged once it can be read and lies safe in the spool; it leaves the spool
    when its results are with the node. While the node is not to be reached, sending is tried
    again, ever less often, at least every five minutes. When --queue images wait, more are refused
    with the status A700, unreadable ones with C000. What cannot be analysed, or what the node
    refuses, is kept in DIR/failed. Without TLS and without users: only for a network that is
    trusted.

    Example:

      lentigo dicom listen --forward ARCHIVE@pacs.example:104 --spool /var/spool/lentigo
    """
    need_dicom()
    import logging

    from lentigo.dicom.listen import Listener, Spool, parse_node
    from lentigo.dicom.listen.forward import Sender, check_title
    from lentigo.runtime.analyzer import Analyzer

    sender = Sender(parse_node(forward), check_title(aet))
    callers = tuple(map(check_title, caller or ()))
    analyzer = Analyzer(segmenter, classifier, engine, operating_point, gate=gate)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("lentigo").setLevel(logging.INFO)
    for noisy in ("pydicom", "pynetdicom", "highdicom"):  # their lines quote headers
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    stop = _stop_signal()
    with Spool(spool, queue) as waiting:
        listener = Listener(analyzer, waiting, sender, aet, callers)
        bound = listener.start(host, port)
        stderr.print(f"{aet} listens on {host}:{bound}; stop it by Ctrl-C", markup=False)
        stop.wait()
        listener.stop()


def _stop_signal() -> threading.Event:
    """Return what is set by the signal to stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
