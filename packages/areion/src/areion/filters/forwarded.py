"""Who the client is, behind proxies that are trusted (RFC 7239, and the X-Forwarded-* fields of practice).

Anybody can send these fields, so they count only where the connection comes from a proxy that was named, and of
a list only what trusted proxies have added: it is read from its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, Literal

from areion_http import Client, HttpRequest

from areion.filters.base import ResponseFilter

_HOST: Final = re.compile(r"(?:[0-9A-Za-z._~\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
_PAIR: Final = re.compile(r'\s*([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))\s*')
# Longer chains are nobody's real path, and would be work for nothing.
_MAX_HOPS: Final = 32

Hop = dict[str, str]


class TrustedProxiesFilter(ResponseFilter):
    """Sets ``client``, ``scheme`` and ``host`` of a request to what trusted proxies say.

    Args:
        proxies: Addresses and networks such as ``"10.0.0.0/8"``; ``"unix"`` trusts whoever connects to the
            unix socket.
        fields: ``"x-forwarded"`` for X-Forwarded-For, -Proto and -Host, or ``"forwarded"`` for RFC 7239's one
            field. Only one of them is read: the other could be a client's invention.

    Raises:
        ValueError: If an entry is no address or network.
    """

    def __init__(
        self, proxies: Iterable[str], *, fields: Literal["x-forwarded", "forwarded"] = "x-forwarded"
    ) -> None:
        entries = [proxies] if isinstance(proxies, str) else list(proxies)
        if not entries or not all(isinstance(entry, str) for entry in entries):
            raise ValueError(
                f"proxies: expected addresses or networks as text, or 'unix', at least one, got {entries!r}"
            )
        if fields not in {"x-forwarded", "forwarded"}:
            raise ValueError(f"fields: expected 'x-forwarded' or 'forwarded', got {fields!r}")
        self.unix = "unix" in entries
        self.networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            if entry == "unix":
                continue
            try:
                self.networks.append(ip_network(entry))
            except ValueError as error:
                raise ValueError(
                    f"proxies: expected an address or a network, got {entry!r}: {error}"
                ) from None
        self.fields = fields

    def before(self, request: HttpRequest) -> None:
        """Follow the chain of proxies from its near end to the first that is not trusted."""
        client = request.client
        if not (self.unix if client is None else self._trusts(client.host)):
            return
        hops = self._forwarded(request) if self.fields == "forwarded" else self._x_forwarded(request)
        for hop in reversed(hops[-_MAX_HOPS:]):
            if hop.get("proto") in {"http", "https"}:
                request.scheme = hop["proto"]
            if _HOST.match(hop.get("host", "")):
                request.host = hop["host"]
            address, port = _address(hop.get("for", ""))
            if address is None:
                return
            request.client = Client(address, port)
            if not self._trusts(address):
                return

    def _trusts(self, host: str) -> bool:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)

    def _x_forwarded(self, request: HttpRequest) -> list[Hop]:
        headers = request.headers
        hops: list[Hop] = [{"for": part.strip()} for part in _joined(headers.getall("x-forwarded-for"))]
        if not hops:
            hops = [{}]
        # These two are set, not appended to, by the proxies that send them: the last value is the nearest's.
        for name in ("proto", "host"):
            values = _joined(headers.getall(f"x-forwarded-{name}"))
            if values:
                value = values[-1].strip()
                hops[-1][name] = value.lower() if name == "proto" else value
        return hops

    def _forwarded(self, request: HttpRequest) -> list[Hop]:
        hops: list[Hop] = []
        for element in _joined(request.headers.getall("forwarded")):
            hop: Hop = {}
            for part in _split(element, ";"):
                match = _PAIR.fullmatch(part)
                if match is not None:
                    quoted = match[2]
                    value = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                    hop[match[1].lower()] = value.lower() if match[1].lower() == "proto" else value
            hops.append(hop)
        return hops


def _joined(values: list[str]) -> list[str]:
    return [part for value in values for part in _split(value, ",") if part.strip()]


def _split(value: str, separator: str) -> list[str]:
    """Split at a separator that does not stand in a quoted string."""
    if '"' not in value:
        return value.split(separator)
    parts = [""]
    quoted = escaped = False
    for character in value:
        if character == separator and not quoted:
            parts.append("")
            continue
        parts[-1] += character
        if escaped:
            escaped = False
        elif character == "\\" and quoted:
            escaped = True
        elif character == '"':
            quoted = not quoted
    return parts


def _address(text: str) -> tuple[str | None, int]:
    """Read a node: an address, with a port or without; None for ``unknown`` and obfuscated ones."""
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        return str(ip_address(host)), int(port) if port.isascii() and port.isdecimal() else 0
    except ValueError:
        return None, 0
