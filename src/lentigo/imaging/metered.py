"""A file that may be read in so many pieces and no more: parsers in Python take long over many."""

from typing import Any, BinaryIO

MAX_READS = 250_000
"""Reads of one file. Sound ones of the largest size that is read take a tenth of it; a file of a
million empty segments, each of them legal, keeps a parser busy for as long as it likes."""


class TooManyReadsError(ValueError):
    """A file of more pieces than any sound one has."""

    def __init__(self) -> None:
        super().__init__(f"more than {MAX_READS:,} pieces; save it anew")


class MeteredStream:
    """A binary stream that counts how often it is read.

    Args:
        stream: Open for reading; whoever opened it closes it.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MAX_READS

    def read(self, size: int = -1) -> bytes:
        """Read like the stream itself.

        Raises:
            TooManyReadsError: It was read too often.
        """
        self._left -= 1
        if self._left < 0:
            raise TooManyReadsError
        return self._stream.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
