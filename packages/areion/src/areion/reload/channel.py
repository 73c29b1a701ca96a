"""What a reloading parent and the process that serves say to each other, over one socket pair.

The parent tells the child to begin. The child asks with one line of JSON for the sockets that its program wants,
and gets them with a line of answer; later it says that it is ready, and that it serves. All else is the end of the
conversation: when the parent's end closes, because the child is to stop or because the parent has died, the child
stops.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any, Final

# A line holds an address and a few numbers.
_MOST_BYTES: Final = 16_384
# A host name has two addresses, one of each family; nobody has more than this.
_MOST_SOCKETS: Final = 32


class Channel:
    """One end of the conversation.

    Args:
        connection: A stream socket; closed by :meth:`close`.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self._connection.fileno()

    def send(self, message: dict[str, Any], sockets: Sequence[socket.socket] = ()) -> None:
        """Send a message; one to an end that is gone is dropped, as its owner will be told of the end.

        Args:
            message: What JSON can hold.
            sockets: Handed over with it.
        """
        line = json.dumps(message).encode() + b"\n"
        try:
            if sockets:
                socket.send_fds(self._connection, [line], [each.fileno() for each in sockets])
            else:
                self._connection.sendall(line)
        except (BrokenPipeError, ConnectionResetError):
            return

    def receive(self) -> tuple[list[dict[str, Any]], list[int], bool]:
        """Wait for something, and return the messages, the descriptors and whether the other end is gone."""
        descriptors: list[int] = []
        try:
            data, descriptors, _, _ = socket.recv_fds(self._connection, _MOST_BYTES, _MOST_SOCKETS)
        except ConnectionResetError:
            data = b""
        *lines, self._received = (self._received + data).split(b"\n")
        if len(self._received) > _MOST_BYTES:
            raise ValueError("a message between reloading processes is too long")
        return [json.loads(line) for line in lines], list(descriptors), not data

    def close(self) -> None:
        """End the conversation."""
        self._connection.close()
