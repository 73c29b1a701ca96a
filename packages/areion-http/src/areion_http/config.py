"""Every limit and every deadline of the server, in one frozen place, each with its reason.

All are on by default, with values that hold on the open internet. Sizes are bytes, times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final, Self

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Limits and deadlines of a server; immutable, so that every connection sees the same.

    A deadline of ``None`` is off. Use :meth:`with_changes` to derive another configuration.

    Args:
        max_request_line: Longest request line; a longer one is 414. RFC 9112 §3 asks for at least 8000.
        max_head_size: Request line and all fields together; more is 431. Room for two full cookie jars.
        max_fields: Field lines in a head or in trailers; more is 431. Browsers send about 15, proxies add 10.
        max_body_size: Content of a request after decoding; more is 413. An application may say otherwise
            for one request: ``await request.read(limit=…)``.
        max_trailer_size: The trailer section of a chunked body; more is 431.
        max_connections: Connections open at once; the next one is answered 503. Below usual descriptor limits
            of servers, far above what one process can keep busy.
        max_requests_per_connection: Requests answered before a connection is closed, so that balancers spread
            their load again and per-connection memory is given back now and then.
        max_read_ahead: Bytes of body or of pipelined requests held before the client is made to wait.
        max_unread_body: What is read and thrown away of a body that the handler did not want, to keep
            the connection; when more is to come the connection is closed instead.
        head_timeout: From the first byte of a request to the end of its head; then 408. A new connection that
            sends nothing for so long is closed without a word.
        body_grace: How long a body may come slower than ``body_min_rate``; then 408.
        body_min_rate: Least bytes per second of a body that is waited for. The values are those of Kestrel.
        keep_alive_timeout: An idle connection is closed after this, without a word. Longer than the 60 s of
            common balancers, so that it is they who close first and no request meets a closing connection.
        write_timeout: A client that takes nothing of its response for so long is dropped.
        handler_timeout: How long a handler may take until its response begins; then 503. Off: only the
            application knows.
        half_close_timeout: How long after the client has closed its side a response that makes no progress
            is still waited for.
        linger_timeout: How long input is thrown away after a final refusal, so that a client that is still
            sending reads the answer instead of a reset.
        tls_handshake_timeout: How long a client may take for its TLS handshake.
        shutdown_timeout: How long running requests may take when the server stops.
        stream_shutdown_timeout: How long then a response that is an iterator may go on; many never end.
        cancel_on_disconnect: Cancel the handler when its client has left.
        server_name: Value of the Server field; an empty string leaves the field out.

    Raises:
        ValueError: If a value is of the wrong type or out of its range, naming it.
    """

    max_request_line: int = 8 * KIB
    max_head_size: int = 32 * KIB
    max_fields: int = 100
    max_body_size: int = 16 * MIB
    max_trailer_size: int = 8 * KIB
    max_connections: int = 10_000
    max_requests_per_connection: int = 10_000
    max_read_ahead: int = 64 * KIB
    max_unread_body: int = 64 * KIB
    head_timeout: float | None = 10.0
    body_grace: float | None = 5.0
    body_min_rate: int = 240
    keep_alive_timeout: float | None = 75.0
    write_timeout: float | None = 30.0
    handler_timeout: float | None = None
    half_close_timeout: float | None = 30.0
    linger_timeout: float = 2.0
    tls_handshake_timeout: float = 10.0
    shutdown_timeout: float = 30.0
    stream_shutdown_timeout: float = 5.0
    cancel_on_disconnect: bool = False
    server_name: str = "Areion"

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name), field.default)
        if self.max_head_size < self.max_request_line:
            raise ValueError(
                f"max_head_size ({self.max_head_size}) must not be below "
                f"max_request_line ({self.max_request_line}): the head holds the line"
            )

    def with_changes(self, **changes: object) -> Self:
        """Return a copy with some values changed.

        Raises:
            ValueError: If a name is unknown (the message lists the known ones) or a value does not fit.
        """
        known = {field.name for field in fields(self)}
        for name in changes:
            if name not in known:
                raise ValueError(f"no limit or timeout named {name!r}; there are: {', '.join(sorted(known))}")
        return replace(self, **changes)  # type: ignore[arg-type]  # each value is checked in __post_init__

    def sweep_interval(self) -> float:
        """Return how often deadlines are looked at: a quarter of the shortest, 0.02 to 1 second."""
        deadlines = (
            self.head_timeout,
            self.body_grace,
            self.keep_alive_timeout,
            self.write_timeout,
            self.handler_timeout,
            self.half_close_timeout,
            self.linger_timeout,
        )
        shortest = min((value for value in deadlines if value is not None), default=4.0)
        return min(1.0, max(0.02, shortest / 4))


def _check(name: str, value: object, default: object) -> None:
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected a bool, got {value!r}")
    elif isinstance(default, str):
        if not isinstance(value, str) or not value.isprintable() or not value.isascii():
            raise ValueError(f"{name}: expected printable ASCII text, got {value!r}")
    elif name.startswith("max_") or name.endswith("_rate"):
        if type(value) is not int or value < 1:
            raise ValueError(f"{name}: expected a whole number above 0, got {value!r}")
    elif value is None:
        if name in _ALWAYS_ON:
            raise ValueError(f"{name}: expected seconds above 0; it cannot be switched off")
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ValueError(f"{name}: expected seconds above 0, got {value!r}")


_ALWAYS_ON: Final = frozenset(
    {"linger_timeout", "tls_handshake_timeout", "shutdown_timeout", "stream_shutdown_timeout"}
)
