"""Sockets to listen on: TCP over IPv4 and IPv6, unix sockets, descriptors that were inherited.

Everything is bound before anything is served, so that a server either listens on all it was told to, or says
in one line why not. A process that listens for others, which serve, opens here what they would: ``listen``
takes the arguments of ``HttpServer``; the sockets are for ``HttpServer(sockets=...)``, and to ``close`` at the end.
Nothing is accepted here, and no event loop is known.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

# The first descriptor a service manager passes (sd_listen_fds(3)).
_FIRST_INHERITED: Final = 3
# How often a free port of the first address is tried on the others.
_PORT_TRIES: Final = 16


class ListenError(OSError):
    """An address cannot be listened on; its text says which and why in one line."""


def listen(
    host: str | Sequence[str] = "127.0.0.1",
    port: int = 8080,
    *,
    unix_socket: str | None = None,
    unix_socket_mode: int = 0o660,
    sockets: Sequence[socket.socket | int] | None = None,
    backlog: int = 2048,
    reuse_port: bool = False,
) -> list[socket.socket]:
    """Open the sockets that an ``HttpServer`` with these arguments listens on.

    Those that are given come first; then those that a service manager has passed to this process, which are
    taken from it by this; then the unix socket; then host and port.

    Raises:
        ListenError: If one cannot be listened on; nothing stays bound then.
    """
    if sockets is not None:
        return [adopt(each) if isinstance(each, int) else each for each in sockets]
    if passed := inherited():
        return passed
    if unix_socket is not None:
        return [listen_unix(unix_socket, mode=unix_socket_mode, backlog=backlog)]
    hosts = [host] if isinstance(host, str) else host
    return listen_tcp(hosts, port, backlog=backlog, reuse_port=reuse_port)


def listen_tcp(hosts: Sequence[str], port: int, *, backlog: int, reuse_port: bool) -> list[socket.socket]:
    """Bind all addresses of all hosts to one port.

    Args:
        hosts: Names or addresses; ``""`` means every interface, over IPv6 and IPv4.
        port: 0 to 65535; 0 picks a free port, the same for every address.
        backlog: Connections the system holds until they are accepted.
        reuse_port: Let other processes listen on the same port (SO_REUSEPORT).

    Raises:
        ListenError: If an address cannot be resolved or bound; nothing stays bound then.
    """
    addresses = _resolve(hosts, port)
    for attempt in range(_PORT_TRIES):
        try:
            return _bind_all(addresses, port, backlog=backlog, reuse_port=reuse_port)
        except ListenError as error:
            if port or error.errno != errno.EADDRINUSE or attempt == _PORT_TRIES - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def listen_spread(host: str, port: int, count: int, *, backlog: int) -> list[list[socket.socket]]:
    """Bind a host and port several times over, so that the system spreads connections (Linux's SO_REUSEPORT).

    Unlike ``reuse_port``, this refuses a port that another process listens on already, though it shares it too.

    Args:
        host: As for ``listen_tcp``.
        port: As for ``listen_tcp``.
        count: How many sets of sockets are wanted.
        backlog: For each of them.

    Raises:
        ListenError: If an address cannot be listened on; nothing stays bound then.
    """
    sets = [listen_tcp([host], port, backlog=backlog, reuse_port=False)]
    try:
        for listener in sets[0]:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        port = sets[0][0].getsockname()[1]
        for _ in range(count - 1):
            sets.append(listen_tcp([host], port, backlog=backlog, reuse_port=True))  # noqa: PERF401 - closed below
    except BaseException:
        for listener in chain.from_iterable(sets):
            listener.close()
        raise
    return sets


def _resolve(hosts: Sequence[str], port: int) -> dict[tuple[socket.AddressFamily, str], set[str]]:
    """Return the addresses of all hosts, each once, with the hosts that have it."""
    found: dict[tuple[socket.AddressFamily, str], set[str]] = {}
    for host in hosts:
        try:
            infos = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except socket.gaierror as error:
            raise ListenError(error.errno, f"cannot listen on {host!r}: {error.strerror}") from None
        for family, _, _, _, address in infos:
            if family in {socket.AF_INET, socket.AF_INET6}:
                found.setdefault((family, str(address[0])), set()).add(host)
    return found


def _bind_all(
    addresses: Mapping[tuple[socket.AddressFamily, str], set[str]],
    port: int,
    *,
    backlog: int,
    reuse_port: bool,
) -> list[socket.socket]:
    bound: list[socket.socket] = []
    served: set[str] = set()
    failures: list[tuple[set[str], ListenError]] = []
    try:
        for (family, host), names in addresses.items():
            chosen = port or (bound[0].getsockname()[1] if bound else 0)
            try:
                bound.append(_bind(family, host, chosen, backlog=backlog, reuse_port=reuse_port))
            except OSError as error:
                # A name such as localhost may have an address of a family that this machine lacks.
                failures.append((names, _explained(error, host, chosen)))
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise failures[-1][1] from None
            else:
                served |= names
        for names, failure in failures:
            if not names <= served:
                raise failure
        if not bound:
            raise ListenError("there is no address to listen on")
    except BaseException:
        for listener in bound:
            listener.close()
        raise
    return bound


def _bind(
    family: socket.AddressFamily, host: str, port: int, *, backlog: int, reuse_port: bool
) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(backlog)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _explained(error: OSError, host: str, port: int) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        why = "the address is in use by another process"
    elif error.errno == errno.EACCES:
        why = "permission denied; ports below 1024 need a privilege"
    else:
        why = error.strerror or str(error)
    shown = f"[{host}]" if ":" in host else host
    return ListenError(error.errno, f"cannot listen on {shown}:{port}: {why}")


def listen_unix(path: str, *, mode: int, backlog: int) -> socket.socket:
    """Bind a unix socket; a stale one, which nobody listens on, is replaced.

    Args:
        path: Where the socket appears; a leading NUL means Linux's abstract namespace.
        mode: Permissions of the socket file.
        backlog: As for TCP.

    Raises:
        ListenError: If the path is in use, no socket, or cannot be made.
    """
    abstract = path.startswith("\0")
    if not abstract:
        _remove_stale(path)
    listener = UnixListener(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        if not abstract:
            listener.made = _identity(Path(path).absolute())
            # Nobody can connect before listen().
            Path(path).chmod(mode)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ListenError(error.errno, f"cannot listen on unix:{path}: {error.strerror or error}") from None
    return listener


def _remove_stale(path: str) -> None:
    try:
        if not stat.S_ISSOCK(Path(path).lstat().st_mode):
            raise ListenError(
                errno.EEXIST, f"cannot listen on unix:{path}: there is a file that is no socket"
            )
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
            return
        except OSError as error:
            raise ListenError(
                error.errno, f"cannot listen on unix:{path}: {error.strerror or error}"
            ) from None
    raise ListenError(errno.EADDRINUSE, f"cannot listen on unix:{path}: another process listens on it")


def adopt(descriptor: int) -> socket.socket:
    """Make a socket of a descriptor that is bound and listening already.

    Raises:
        ListenError: If it is no listening stream socket.
    """
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ListenError(error.errno, f"descriptor {descriptor} is no socket: {error.strerror}") from None
    if listener.type != socket.SOCK_STREAM:
        listener.detach()
        raise ListenError(errno.EINVAL, f"descriptor {descriptor} is no stream socket")
    listener.setblocking(False)
    return listener


def inherited() -> list[socket.socket]:
    """Return the sockets a service manager has passed to this process (LISTEN_FDS, LISTEN_PID).

    The variables are removed, and the sockets closed in programs that this process starts: they are not theirs.

    Raises:
        ListenError: If what was passed cannot be listened on.
    """
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return []
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    listeners = [adopt(descriptor) for descriptor in range(_FIRST_INHERITED, _FIRST_INHERITED + int(count))]
    for listener in listeners:
        listener.set_inheritable(False)
    return listeners


class UnixListener(socket.socket):
    """A unix socket that knows the file it has made.

    Attributes:
        made: Path of that file, device and inode; None if there is none.
    """

    made: tuple[Path, int, int] | None = None


def close_listener(listener: socket.socket, *, remove: bool = True) -> None:
    """Close a listener.

    Args:
        listener: It may be closed already.
        remove: Remove the file it has made, unless another process has replaced that by its own.
    """
    if remove and isinstance(listener, UnixListener) and listener.made is not None:
        path = listener.made[0]
        with contextlib.suppress(FileNotFoundError):
            if _identity(path) == listener.made:
                path.unlink()
    listener.close()


def _identity(path: Path) -> tuple[Path, int, int]:
    status = path.lstat()
    return path, status.st_dev, status.st_ino


def bound_address(listener: socket.socket) -> tuple[str, int] | str:
    """Return what a socket is bound to: host and port, or the path of a unix socket."""
    name = listener.getsockname()
    if isinstance(name, tuple):
        return (name[0], name[1])
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)
