"""Conditional requests (RFC 9110 §13) as pure functions: header fields and validators in, a decision out.

Nothing here opens a file or builds a response. A field that is sent on several lines counts as one list
(RFC 9110 §5.3), so a date that is sent twice is no date and is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from areion_http._httpdate import parse_http_date

# RFC 9110 §8.8.3: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE; the prefix is case-sensitive.
_ENTITY_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+"'
_ONE_TAG: Final = re.compile(rf"{_ENTITY_TAG}\Z")
# §5.6.1.2: a recipient takes empty list elements.
_TAG_LIST: Final = re.compile(rf"[ \t,]*+{_ENTITY_TAG}(?:[ \t]*+,[ \t,]*+{_ENTITY_TAG})*+[ \t,]*+\Z")
_EACH_TAG: Final = re.compile(_ENTITY_TAG)

# §13.2.1: methods that neither select nor change a representation know no conditions.
_UNCONDITIONAL_METHODS: Final = frozenset({"CONNECT", "OPTIONS", "TRACE"})


class FieldSource(Protocol):
    """What is asked of header fields; ``areion_http.Headers`` is one."""

    def getall(self, name: str, /) -> list[str]:
        """Return every value of ``name``, whatever its case; an empty list if there is none."""
        ...


def combined(headers: FieldSource, name: str) -> str | None:
    """Return all values of a field as one list (RFC 9110 §5.3); ``None`` if it was not sent."""
    values = headers.getall(name)
    return ", ".join(values) if values else None


def check_etag(etag: str) -> str:
    """Return ``etag`` if it is an entity tag, quotes included.

    Raises:
        ValueError: If it is not ``"…"`` or ``W/"…"`` (RFC 9110 §8.8.3).
    """
    if _ONE_TAG.match(etag) is None:
        raise ValueError(
            f"etag: expected '\"…\"' or 'W/\"…\"' in visible characters (RFC 9110 §8.8.3), got {etag!r}"
        )
    return etag


def parse_etags(value: str) -> list[str] | Literal["*"]:
    """Read the value of If-Match or If-None-Match.

    >>> parse_etags('"a", W/"b"')
    ['"a"', 'W/"b"']

    Returns:
        ``"*"``, or the entity tags in order; none for a value that is malformed, which then matches nothing.
    """
    if value == "*":
        return "*"
    return _EACH_TAG.findall(value) if _TAG_LIST.match(value) else []


def matches_strongly(etag: str | None, candidates: Iterable[str]) -> bool:
    """Strong comparison (RFC 9110 §8.8.3.2): equal, and neither is weak."""
    return etag is not None and not etag.startswith("W/") and etag in candidates


def matches_weakly(etag: str | None, candidates: Iterable[str]) -> bool:
    """Weak comparison (RFC 9110 §8.8.3.2): equal but for the weakness."""
    return etag is not None and etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in candidates}


def evaluate_conditionals(
    method: str,
    headers: FieldSource,
    etag: str | None = None,
    last_modified: datetime | float | None = None,
    *,
    exists: bool = True,
) -> Literal[304, 412] | None:
    """Decide on the preconditions of a request, in the order of RFC 9110 §13.2.2.

    Call it before the method is performed, and only if the answer would otherwise be a 2xx (§13.2.1).
    If-Range belongs to ranges and is not looked at.

    >>> from areion_http.headers import Headers
    >>> evaluate_conditionals("GET", Headers({"If-None-Match": '"v1"'}), etag='"v1"')
    304

    Args:
        method: The request's method.
        headers: The request's header fields.
        etag: The current entity tag with its quotes, or ``None`` if there is none.
        last_modified: When the representation changed last: an aware datetime or Unix time; ``None`` if
            unknown.
        exists: Whether there is a current representation at all; ``*`` stands for any.

    Returns:
        ``None`` to go on, 304 (Not Modified), or 412 (Precondition Failed).

    Raises:
        ValueError: If ``etag`` is not an entity tag or a datetime has no time zone.
    """
    if method in _UNCONDITIONAL_METHODS:
        return None
    if etag is not None:
        check_etag(etag)
    modified = _whole_seconds(last_modified)
    if_match = combined(headers, "if-match")
    if if_match is not None:
        tags = parse_etags(if_match)
        if not (exists if tags == "*" else matches_strongly(etag, tags)):
            return 412
    elif modified is not None:
        unmodified_since = _date(headers, "if-unmodified-since")
        if unmodified_since is not None and modified > unmodified_since:
            return 412
    reads = method in {"GET", "HEAD"}
    if_none_match = combined(headers, "if-none-match")
    if if_none_match is not None:
        tags = parse_etags(if_none_match)
        if exists if tags == "*" else matches_weakly(etag, tags):
            return 304 if reads else 412
    elif reads and modified is not None:
        modified_since = _date(headers, "if-modified-since")
        if modified_since is not None and modified <= modified_since:
            return 304
    return None


def if_range_holds(headers: FieldSource, etag: str | None, last_modified: float | None, now: float) -> bool:
    """Tell whether If-Range lets a Range field be applied (RFC 9110 §13.1.5); ``True`` without the field.

    An entity tag is compared strongly. A date must be exactly the last modification's, and one that is still
    less than a second old is no strong validator (§8.8.2.2): the file might change again within it.

    Args:
        headers: The request's header fields.
        etag: The current entity tag.
        last_modified: Unix time of the last modification.
        now: Unix time of the present.
    """
    value = combined(headers, "if-range")
    if value is None:
        return True
    if value.endswith('"'):
        return matches_strongly(etag, (value,))
    date = parse_http_date(value)
    if date is None or last_modified is None:
        return False
    return date.timestamp() == last_modified // 1 and now - last_modified // 1 >= 1


def _date(headers: FieldSource, name: str) -> float | None:
    value = combined(headers, name)
    date = None if value is None else parse_http_date(value)
    return None if date is None else date.timestamp()


def _whole_seconds(moment: datetime | float | None) -> float | None:
    """Cut off what an HTTP-date cannot say, so that a date that was sent is equal when it comes back."""
    if moment is None:
        return None
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise ValueError(f"last_modified: expected an aware datetime, got {moment!r}")
        moment = moment.astimezone(UTC).timestamp()
    return moment // 1
