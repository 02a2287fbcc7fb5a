"""What all commands share: errors in one line, ``--json``, progress bars, ``SOURCE=DIR``."""

import json
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lentigo.errors import LentigoError
from lentigo.files import atomic_open

WRONG_INPUT = 2
INTERRUPTED = 128 + signal.SIGINT  # what Typer makes of Ctrl-C, as shells report it
TERMINATED = 128 + signal.SIGTERM

STDOUT = Path("-")

JsonOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the result as JSON to FILE; - is standard output, which then holds nothing "
        "else.",
    ),
]

WeightsOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="DIR",
        help="Folder with pretrained weights; else LENTIGO_WEIGHTS, torch's cache, a download.",
    ),
]

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)


class _Terminated(BaseException):
    """SIGTERM: what is open is closed and tidied away, as on Ctrl-C."""


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; wrong input costs one line, no traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command = typer.main.get_command(app)
    try:
        with _told_to_end():
            outcome = command.main(args=arguments, prog_name="lentigo", standalone_mode=False)
    except _Terminated:
        outcome = TERMINATED
    except typer.TyperException as error:
        if error.format_message():  # a bare "lentigo" has printed its help instead
            _complain(f"{error.format_message().rstrip('.')}. See --help.")
        return WRONG_INPUT
    except LentigoError as error:
        _complain(str(error))
        return WRONG_INPUT
    except OSError as error:
        _complain(f"{error.filename or 'the system says'}: {error.strerror or error}")
        return WRONG_INPUT
    except UnicodeEncodeError as error:
        odd = error.object.encode(errors="backslashreplace").decode()
        _complain(f"a file name is not valid UTF-8; rename it: {odd[-200:]}")
        return WRONG_INPUT
    code = outcome if isinstance(outcome, int) else 0
    if code in (INTERRUPTED, TERMINATED):
        on = ", and --resume will go on from there" if _resumes(command, arguments) else ""
        _complain(f"stopped; files that were finished are kept{on}")
    return code


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Let SIGTERM, by which schedulers and service managers end a program, unwind it."""

    def end(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _resumes(command: Any, arguments: Sequence[str]) -> bool:
    """Return whether the command that was run has an option to go on after a stop."""
    chosen = getattr(command, "commands", {}).get(next(iter(arguments), ""), command)
    return any("--resume" in parameter.opts for parameter in chosen.params)


def print_json(value: object, target: Path | None) -> bool:
    """Write ``value`` where ``--json`` says; True when standard output is thereby taken."""
    if target is not None:
        with _opened(target) as stream:
            json.dump(value, stream, indent=2, ensure_ascii=False, allow_nan=False)
            stream.write("\n")
    return target == STDOUT


def copy_json(document: Path, target: Path | None) -> bool:
    """Copy a JSON file where ``--json`` says; True when standard output is thereby taken."""
    if target is not None:
        with document.open(encoding="utf-8") as source, _opened(target) as stream:
            shutil.copyfileobj(source, stream)
    return target == STDOUT


@contextmanager
def _opened(target: Path) -> Iterator[IO[str]]:
    if target == STDOUT:
        yield sys.stdout
    elif target.exists() and not target.is_file():  # a pipe or device is written to, not replaced
        with target.open("w", encoding="utf-8") as stream:
            yield stream
    else:
        with atomic_open(target, "w") as stream:
            yield stream


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error.

    Yields:
        What to call with the number of steps done and the number in all.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=stderr) as bars:
        task = bars.add_task(label, total=None, visible=False)  # until there is work

        def report(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, visible=True)

        yield report


def parse_roots(values: Sequence[str]) -> dict[str, Path]:
    """Return source names and folders from ``SOURCE=DIR`` options.

    Raises:
        LentigoError: A value is not of that form, or a source is named twice.
    """
    roots: dict[str, Path] = {}
    for value in values:
        name, sign, folder = value.partition("=")
        if not (name and sign and folder):
            raise LentigoError(f"--root '{value}': expected SOURCE=DIR, such as ham10000=/data/ham")
        if name in roots:
            raise LentigoError(f"--root names the source '{name}' twice")
        roots[name] = Path(folder)
    return roots


def one_line(text: str) -> str:
    """Return ``text`` on one line; terminal escapes that a file name may hold become visible."""
    line = " ".join(text.split())
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def _complain(message: str) -> None:
    sys.stderr.write(f"lentigo: error: {one_line(message)}\n")


def need_dicom() -> None:
    """Refuse to go on without the packages for DICOM.

    Raises:
        LentigoError: One is not installed; the message says how to install them.
    """
    from importlib.util import find_spec

    if not all(find_spec(name) for name in ("pydicom", "highdicom", "pynetdicom")):
        raise LentigoError(
            "DICOM needs packages that are not installed: pip install 'lentigo[dicom]'"
        )


def need_torch() -> None:
    """Refuse to go on without torch.

    Raises:
        LentigoError: It is not installed; the message says how to install it.
    """
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise LentigoError(
            "training needs PyTorch, which is not installed: pip install 'lentigo[train]'"
        )
