"""What a request says, made when somebody asks: the header mapping, the decoded path, query, cookies.

Most requests are answered without any of these. Each maker reads what the parser has left on the request; the
groups of a match are those of ``_grammar.usual_head``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from areion_http._lines import keeps_alive
from areion_http.headers import Headers

if TYPE_CHECKING:
    from areion_http.forms import MultiDict
    from areion_http.request import HttpRequest

_FIELDS: Final = re.compile(r"([^:]++):[\t ]*+([^\r]*+)(?:\r\n|\Z)").findall


class OnDemand:
    """An attribute that is made when somebody asks for it, and then kept in the request's dict.

    PERF: without ``__set__``, so that the dict is looked at first; a first look costs one call, where an empty
    slot behind ``__getattr__`` costs an exception as well (0.1 instead of 0.5 microseconds).
    """

    __slots__ = ("_make", "_name")

    def __init__(self, name: str, make: Callable[[Any], Any]) -> None:
        self._name = name
        self._make = make

    def __get__(self, request: Any, owner: type) -> Any:
        if request is None:
            return self
        value = request.__dict__[self._name] = self._make(request)
        return value


def _headers(request: HttpRequest) -> Headers:
    text = request._fields.decode("latin-1")
    # PERF: one call of a pattern for all fields; the parser has checked them, blanks at an end are rare.
    pairs = _FIELDS(text)
    if " \r" in text or "\t\r" in text or text[-1:] in {" ", "\t"}:
        pairs = [(name, value.rstrip(" \t")) for name, value in pairs]
    return Headers.trusted(pairs)


def _fields(request: HttpRequest) -> bytes:
    match = request._match
    if match is None:
        return b""
    head: bytes = match.string
    return head[head.index(b"\r\n", match.end(2)) + 2 : match.end() - 4]


def _query(request: HttpRequest) -> bytes | None:
    return None if request._match is None else request._match[3]


def _minor(request: HttpRequest) -> int:
    return 1 if request._match is None or request._match[4] is None else 0


def _keep_alive(request: HttpRequest) -> bool:
    return keeps_alive(b"" if request._match is None else request._match[7] or b"", request._minor)


def _path(request: HttpRequest) -> str:
    raw = request.raw_path
    return unquote(raw) if "%" in raw else raw


def _query_params(request: HttpRequest) -> MultiDict[str]:
    from areion_http.forms import parse_query

    return parse_query(request.get_raw_query_params())


def _cookies(request: HttpRequest) -> Mapping[str, str]:
    from areion_http.cookies import parse_cookies

    return parse_cookies("; ".join(request.headers.getall("cookie")))


def _host(request: HttpRequest) -> str:
    if request._authority is not None:
        return request._authority
    host = request.headers.get("host")
    if host is None and request.connection.server is not None:
        name, port = request.connection.server
        return f"{name}:{port}"
    return host or ""


def _unread(request: HttpRequest) -> bytes:
    if request._incoming is not None:
        raise RuntimeError("the body has not been read yet: use 'await request.read()' first")
    return b""


MAKERS: Final[dict[str, Callable[[Any], Any]]] = {
    "headers": _headers,
    "path": _path,
    "query_params": _query_params,
    "cookies": _cookies,
    "metadata": lambda _: {},
    "body": _unread,
    "client": lambda request: request.connection.client,
    "scheme": lambda request: request.connection.scheme,
    "host": _host,
    "trailers": lambda _: Headers(),
    "_fields": _fields,
    "_query": _query,
    "_minor": _minor,
    "_keep_alive": _keep_alive,
}
