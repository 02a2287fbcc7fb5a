"""Ways that take turns, each in a process of its own; one line of JSON there and one back.

Libraries do not get on in one process: each brings threads of its own. So each way is started once,
builds its model, and then works only while it is asked to.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).parent
_PATIENCE_S = 30.0

Answer = dict[str, Any]


class Way:
    """The asking end: a module that runs in a process of its own.

    Args:
        module: What is run; what it answers goes through :class:`Asked`.
        settings: What it is told at its start; ``threads`` is how many threads it may use.
    """

    def __init__(self, module: str, settings: Mapping[str, Any]) -> None:
        self.module = module
        environment = {
            "OMP_NUM_THREADS": str(settings["threads"]),
            "PYTHONPATH": os.pathsep.join((str(HERE), os.environ.get("PYTHONPATH", ""))),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, json.dumps(settings)],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: Answer) -> Answer:
        """Ask for anything; return what is answered.

        Raises:
            SystemExit: It has ended in place of answering.
        """
        assert self._process.stdin and self._process.stdout  # pipes, as asked for
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._ended(request)
        answer: Answer = json.loads(line)
        return answer

    def begin(self, phase: int) -> Answer:
        """Let it make ready for a phase, counted from 0; what it does once is done here."""
        return self.ask({"begin": phase})

    def epoch(self) -> Answer:
        """Let it train for an epoch of the phase that has begun; return its seconds."""
        return self.ask({"epoch": True})

    def close(self) -> None:
        """Let it end, or end it."""
        if self._process.stdin:
            with suppress(BrokenPipeError):  # it has ended by itself
                self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ended(self, request: Answer) -> NoReturn:
        self.close()
        raise SystemExit(
            f"{self.module} ended with {self._process.returncode} when asked to {request}; "
            "why stands above"
        )


@contextmanager
def started(modules: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Iterator[dict[str, Way]]:
    """Start each module with its settings, by the way's name; end all of them at last."""
    with ExitStack() as stack:
        ways = {}
        for name, (module, settings) in modules.items():
            ways[name] = Way(module, settings)
            stack.callback(ways[name].close)
        yield ways


class Asked:
    """The answering end, in the module's own process: to be made before anything else is done.

    Attributes:
        settings: What the process was told at its start.
    """

    def __init__(self) -> None:
        self.settings: dict[str, Any] = json.loads(sys.argv[1])
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what a library prints must not stand among the answers

    def hear(self) -> Answer:
        """Return what is asked next; the process ends where nothing more is."""
        line = sys.stdin.readline()
        if not line:
            raise SystemExit(0)
        request: Answer = json.loads(line)
        return request

    def tell(self, answer: Mapping[str, Any]) -> None:
        """Answer."""
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()

    def answer(self, begin: Callable[[int], None], epoch: Callable[[], Answer]) -> None:
        """Answer until nothing more is asked."""
        while True:
            request = self.hear()
            if "begin" in request:
                begin(request["begin"])
                self.tell({})
            else:
                self.tell(epoch())
