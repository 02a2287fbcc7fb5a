"""What a server is told once, at its start."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from lentigo.errors import LentigoError

MEGABYTE = 1_000_000
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client shares numbers between processes; set before it is imported."""

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Settings:
    """What a server looks with, and its limits. Each worker process has these to itself.

    Attributes:
        segmenter: Bundle that outlines: a shipped one's name or a folder; None: the default.
        classifier: Bundle that scores, likewise.
        engine: What runs them.
        operating_point: Which of the classifier's points decides; None: its default.
        gate: Refuse what does not look like dermoscopy.
        threads: Processor threads of each model; None takes one a core.
        host: The address that is listened on.
        token_file: Who may ask; None lets everyone who reaches the address.
        store: Folder of the audit store; None stores nothing.
        queue_length: Images that may wait; one more is refused.
        deadline_s: From the end of an upload to its answer, in seconds.
        upload_s: From the start of an upload to its end, in seconds.
        body_limit: Bytes of a request's body.
        rate_per_minute: Requests of one caller.
    """

    segmenter: str | None = None
    classifier: str | None = None
    engine: str = "auto"
    operating_point: str | None = None
    gate: bool = True
    threads: int | None = None
    host: str = "127.0.0.1"
    token_file: Path | None = None
    store: Path | None = None
    queue_length: int = 32
    deadline_s: float = 30.0
    upload_s: float = 30.0
    body_limit: int = 20 * MEGABYTE
    rate_per_minute: int = 600


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host; a name other than localhost may be any."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, token_file: Path | None) -> None:
    """Refuse to be open to others by accident.

    Raises:
        LentigoError: Other machines could reach ``host`` and no token is asked for.
    """
    if token_file is None and not is_loopback(host):
        raise LentigoError(
            f"--host {host} lets other machines in, and without tokens anyone there could use this "
            "service; make a token with 'lentigo token NAME --token-file F' and start with "
            "--token-file F, or stay on --host 127.0.0.1"
        )
