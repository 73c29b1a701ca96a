"""A connection without sockets: a protocol is fed bytes, and a transport in memory takes its answers."""

import asyncio
import time
from collections.abc import Callable, Sequence

ProtocolFactory = Callable[[], asyncio.Protocol]


class MemoryTransport(asyncio.Transport):
    """Counts what is written; never full, never slow.

    Attributes:
        written: Bytes taken so far.
        last: What was written last.
        closing: Whether the protocol has closed the connection.
    """

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8080)})
        self.written = 0
        self.last = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += len(data)
        self.last = data

    def writelines(self, list_of_data) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class Connections:
    """As many connections as wrk keeps open, each fed one message for each turn of the loop.

    That is what a busy server's loop does; an answer that is given only in a later turn counts too.

    Args:
        loop: Runs in this thread, and is not running now.
        factory: Makes the protocols.
        messages: Fed one after the other, over and over.
        count: How many connections.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        factory: ProtocolFactory,
        messages: Sequence[bytes],
        count: int = 64,
    ) -> None:
        self._loop = loop
        self._messages = messages
        self._next = 0
        self._turns = 0
        self.transports = [MemoryTransport() for _ in range(count)]
        self._feeds: list[Callable[[bytes], None]] = []
        loop.call_soon(self._connect, factory)
        loop.call_soon(loop.stop)
        loop.run_forever()

    def run(self, turns: int) -> int:
        """Feed every connection in every turn and return the nanoseconds of processor time that it took."""
        self._turns = turns
        self._loop.call_soon(self._turn)
        began = time.process_time_ns()
        self._loop.run_forever()
        return time.process_time_ns() - began

    def written(self) -> int:
        """Return the bytes of all answers so far."""
        return sum(transport.written for transport in self.transports)

    def _connect(self, factory: ProtocolFactory) -> None:
        for transport in self.transports:
            protocol = factory()
            protocol.connection_made(transport)
            self._feeds.append(protocol.data_received)

    def _turn(self) -> None:
        if not self._turns:
            # One more turn for answers that are written by callbacks of this one.
            self._loop.call_soon(self._loop.stop)
            return
        self._turns -= 1
        messages = self._messages
        count = len(messages)
        at = self._next
        for feed in self._feeds:
            feed(messages[at])
            at = at + 1 if at + 1 < count else 0
        self._next = at
        self._loop.call_soon(self._turn)
