"""HTTP/1.1 for clients that may be slow on purpose."""

import asyncio
import socket
import struct
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_TIMEOUT_S: Final = 10.0
"""From a connection's start, or a request's first byte, until the request's head is there. Also how
long the rest of a body that was refused may go on."""

SEND_TIMEOUT_S: Final = 60.0
"""How long a client may take to fetch an answer."""


class BoundedProtocol(H11Protocol):
    """Uvicorn's protocol with the time limits that it lacks.

    It bounds idle connections only after an answer; one that never sends a whole head, goes on
    sending a body that was refused, or never fetches its answer would be held for ever.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the first head's time."""
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; they belong to a request at work, or to a head that is on its way."""
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        """Start the time in which the client must fetch what is still unsent."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size() and self._send_timer is None:
            self._send_timer = self.loop.call_later(SEND_TIMEOUT_S, self._give_up_sending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        for timer in (self._head_timer, self._send_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        at_work = self.cycle is not None and not self.cycle.response_complete
        if at_work and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        elif not at_work and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _give_up_sending(self) -> None:
        self._send_timer = None
        if self.transport.get_write_buffer_size():
            # Without this the system would hold what it has of the answer for as long as it likes.
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.transport.abort()
