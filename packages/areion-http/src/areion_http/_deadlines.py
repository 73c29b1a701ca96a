"""Deadlines of a connection, looked at by one periodic sweep of the server: no timer per request.

A sweep sees what a connection waits for. As long as that stays the same, the time since the sweep that first
saw it counts; a deadline is therefore met at most one interval late, and never early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from areion_http.errors import RequestTimeoutError

if TYPE_CHECKING:
    from areion_http._connection import HttpConnection


def sweep(connection: HttpConnection, now: float) -> None:
    """Enforce the deadline of whatever a connection waits for.

    Args:
        connection: One that is open, or that a handler still works for.
        now: The loop's time in seconds.
    """
    transport = connection._transport
    unsent = 0 if transport is None else transport.get_write_buffer_size()
    waits_for, progress, timeout = _waits_for(connection, unsent)
    kind, seen, since = connection._mark
    if kind == waits_for and seen == progress:
        if timeout is not None and now - since >= timeout:
            _expired(connection, waits_for)
    elif kind == waits_for == "body":
        _judge_rate(connection, progress - seen, progress, now - since, now)
    else:
        connection._mark = (waits_for, progress, now)


def _waits_for(connection: HttpConnection, unsent: int) -> tuple[str, int, float | None]:
    """Return what the connection waits for, a number that changes with progress, and the seconds allowed."""
    config = connection._shared.config
    sender = connection._sender
    if unsent:
        return "write", unsent, config.write_timeout
    if sender is not None and sender.direct:
        return "write", sender.sent, config.write_timeout
    if connection._lingering >= 0:
        return "linger", 0, config.linger_timeout
    if connection._skip is not None:
        return "skip", 0, config.body_grace
    if not connection._busy:
        # Empty lines in front of a request are none yet (RFC 9112 §2.2).
        if connection._buffer.strip(b"\r\n"):
            return "head", connection._left, config.head_timeout
        first = connection._left == config.max_requests_per_connection
        return "idle", connection._left, config.head_timeout if first else config.keep_alive_timeout
    incoming = connection._incoming
    if incoming is not None and incoming.waiting:
        return "body", incoming.received, config.body_grace
    if connection._eof and connection._transport is not None:
        return "half-closed", 0 if sender is None else sender.sent, config.half_close_timeout
    if sender is not None and sender.begun:
        return "stream", sender.sent, None
    return "handler", connection._left, config.handler_timeout


def _judge_rate(connection: HttpConnection, new: int, received: int, elapsed: float, now: float) -> None:
    """Judge a body that makes progress: was it fast enough over the last grace period?"""
    config = connection._shared.config
    if config.body_grace is None or elapsed < config.body_grace:
        return
    if new < config.body_min_rate * elapsed:
        _expired(connection, "body")
    else:
        connection._mark = ("body", received, now)


def _expired(connection: HttpConnection, waits_for: str) -> None:
    if waits_for == "head":
        connection.refuse(RequestTimeoutError("the head did not arrive in time (head_timeout)"))
    elif waits_for == "body":
        if connection._incoming is not None:
            connection._incoming.fail(RequestTimeoutError("the body came too slowly (body_min_rate)"))
    elif waits_for == "handler":
        connection.time_out()
    elif waits_for in {"write", "half-closed"}:
        connection._shared.log_dropped(connection, waits_for)
        connection.abort()
    elif waits_for == "linger":
        connection.abort()
    else:
        # Idle: without a word, since the client may be about to send its next request.
        connection.shut_down(force=True)
