"""Who may ask: named tokens, of which only SHA-256 sums are kept.

A token is 256 random bits, so that neither salt nor a slow hash would add anything. The file holds
one ``NAME:SHA256`` a line; ``#`` starts a comment. Removing a line revokes its token.
"""

import hashlib
import hmac
import os
import re
import secrets
import stat
from pathlib import Path
from typing import IO, Final

from lentigo.errors import LentigoError

PREFIX: Final = "lentigo_"
"""What tokens start with, so that people and secret scanners know them."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_SUM = re.compile(r"[0-9a-f]{64}")


class Tokens:
    """The tokens that are accepted.

    Args:
        sums: SHA-256 of each token, by its name.
    """

    def __init__(self, sums: dict[str, str]) -> None:
        self._sums = {name: bytes.fromhex(value) for name, value in sums.items()}

    def name_of(self, token: str) -> str | None:
        """Return whose token this is, None for nobody's; takes the same time for each."""
        offered = hashlib.sha256(token.encode(errors="backslashreplace")).digest()
        found = None
        for name, known in self._sums.items():  # to the end: the time must not tell which fits
            if hmac.compare_digest(offered, known):
                found = name
        return found


def load_tokens(path: Path) -> Tokens:
    """Read a token file.

    Raises:
        LentigoError: It cannot be read, others may write it, a line is wrong, or it has no token.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            if os.fstat(stream.fileno()).st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise LentigoError(
                    f"{path}: other users may write it and so let themselves in; chmod go-w it"
                )
            sums = _read(stream, path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LentigoError(
            f"{path}: the token file cannot be read ({reason}); 'lentigo token NAME --token-file "
            f"{path}' makes one"
        ) from error
    if not sums:
        raise LentigoError(
            f"{path}: holds no token; 'lentigo token NAME --token-file {path}' adds one"
        )
    return Tokens(sums)


def make_token(name: str, path: Path) -> str:
    """Add a token to a file, which is made where it is not there, and return it.

    Raises:
        LentigoError: The name is not a plain one or has a token, or the file is wrong.
    """
    if not _NAME.fullmatch(name):
        raise LentigoError(
            f"'{name}' cannot name a token; expected up to 64 letters, digits and ._@- , such as "
            "clinic-a"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a+", encoding="utf-8") as stream:
        stream.seek(0)
        if name in _read(stream, path):
            raise LentigoError(f"{path}: '{name}' has a token; remove its line to replace it")
        token = PREFIX + secrets.token_urlsafe(32)
        stream.write(f"{name}:{hashlib.sha256(token.encode()).hexdigest()}\n")
        stream.flush()
        os.fsync(stream.fileno())
    return token


def _read(stream: IO[str], path: Path) -> dict[str, str]:
    sums: dict[str, str] = {}
    for number, line in enumerate(stream, start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        name, _, value = entry.partition(":")
        if not _NAME.fullmatch(name) or not _SUM.fullmatch(value):
            raise LentigoError(
                f"{path}: line {number}: expected NAME:SHA256, a line that 'lentigo token NAME "
                f"--token-file {path}' writes; the token itself does not belong in this file"
            )
        if name in sums:
            raise LentigoError(f"{path}: line {number}: '{name}' stands there twice")
        sums[name] = value
    return sums
