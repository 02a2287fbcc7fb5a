"""A locust user who sends photos to a server; started by ``load.py``, in a process of its own.

With ``--rate`` all users together ask so many times a second, each at its own moment of a common
period and whether or not others were answered (open loop). With rate 0 each asks again as soon as
it is answered. Every answer's seconds go into a JSON file, by outcome.
"""

import itertools
import json
import time
from argparse import ArgumentParser
from collections import defaultdict
from pathlib import Path
from typing import Any

import gevent
import httpx
from locust import events, task
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

_seconds: dict[str, list[float]] = defaultdict(list)
_numbers = itertools.count()


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--answers", type=Path)


@events.request.add_listener
def _note(name: str, response_time: float, **_: Any) -> None:
    _seconds[name].append(response_time / 1000)


@events.quitting.add_listener
def _keep(environment: Environment, **_: Any) -> None:
    environment.parsed_options.answers.write_text(json.dumps(_seconds))


class Asker(FastHttpUser):
    """Sends one photo after another as a browser's form does."""

    network_timeout = connection_timeout = 120.0

    def on_start(self) -> None:
        options = self.environment.parsed_options
        self.forms = [_form(path) for path in sorted(options.photos.glob("*.jpg"))]
        self.number = next(_numbers)
        self.period_s = options.num_users / options.rate if options.rate else 0.0
        self.due_s = time.monotonic()
        if options.rate:
            self.due_s += self.number / options.rate
            gevent.sleep(self.number / options.rate)

    def wait_time(self) -> float:
        self.due_s += self.period_s
        return max(0.0, self.due_s - time.monotonic())

    @task
    def ask(self) -> None:
        self.number += 1
        body, kind = self.forms[self.number % len(self.forms)]
        headers = {"Content-Type": kind, "Connection": "close"}  # as many clients, not as one
        with self.client.post(
            "/v1/analyze", data=body, headers=headers, catch_response=True
        ) as told:
            told.request_meta["name"] = _outcome(told)
            told.success()


def _form(photo: Path) -> tuple[bytes, str]:
    sent = httpx.Request("POST", "http://host/", files={"image": photo.read_bytes()})
    return sent.read(), sent.headers["content-type"]


def _outcome(told: Any) -> str:
    if not told.status_code:
        return type(told.error).__name__
    content = json.loads(told.text)
    if told.status_code == httpx.codes.OK and "decision" in content:
        return "finding"
    return f"{told.status_code} {content.get('code', '')}".strip()
