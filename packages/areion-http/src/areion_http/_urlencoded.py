"""``application/x-www-form-urlencoded`` (WHATWG URL §5.1): query strings leniently, form bodies strictly.

A query is part of an address that anybody may have typed, so nothing in it is an error but its number of
fields. A body was made by a program, so bytes that are no text are refused, with the place.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from typing import Final

from areion_http._charsets import text_codec
from areion_http._formdata import DEFAULT_LIMITS, FormData, FormLimits
from areion_http._multidict import MultiDict
from areion_http.errors import BadRequestError, PayloadTooLargeError

#: More parameters than any link has; PHP takes 1000 too.
MAX_QUERY_FIELDS: Final = 1000

_TRIPLETS: Final = re.compile(rb"(?:%[0-9A-Fa-f]{2})++")


def _decode(octets: bytes) -> bytes:
    """Decode percent triplets; a ``%`` that begins none stays.

    PERF: a run of triplets is decoded at once. ``urllib.parse`` takes each by itself, and seconds for the megabytes
    of them that a form may hold.
    """
    return _TRIPLETS.sub(_decode_run, octets) if b"%" in octets else octets


def _decode_run(run: re.Match[bytes]) -> bytes:
    return unhexlify(run[0].replace(b"%", b""))


def parse_query(query: str, *, max_fields: int = MAX_QUERY_FIELDS) -> MultiDict[str]:
    """Parse the query of a target.

    Pairs are split at ``&`` alone; ``+`` is a space; blank values and names stay; ``%`` without two hex
    digits stays as it is; bytes that are no UTF-8 become U+FFFD.

    >>> parse_query("q=a+b&empty=&q=%E2%82%AC&flag")
    MultiDict([('q', 'a b'), ('empty', ''), ('q', '€'), ('flag', '')])

    Args:
        query: What follows the question mark, without it. A target is ASCII; other characters stand for
            themselves.
        max_fields: How many fields are taken.

    Raises:
        BadRequestError: If there are more fields than ``max_fields``.
    """
    if not query:
        return MultiDict()
    if query.count("&") >= max_fields:
        raise BadRequestError(f"the query has more than {max_fields} fields")
    pairs: list[tuple[str, str]] = []
    # PERF: most queries hold nothing to decode, and looking once is cheaper than once a field.
    plain = "%" not in query and "+" not in query and query.isascii()
    for field in query.split("&"):
        if field:
            name, _, value = field.partition("=")
            pairs.append((name, value) if plain else (_lenient(name), _lenient(value)))
    return MultiDict(pairs)


def _lenient(text: str) -> str:
    octets = text.replace("+", " ").encode("utf-8", "surrogatepass")
    return _decode(octets).decode("utf-8", "replace")


def parse_urlencoded(data: bytes, charset: str = "utf-8", limits: FormLimits = DEFAULT_LIMITS) -> FormData:
    """Parse a form body.

    As ``parse_query``, but bytes that are no text in ``charset`` are refused.

    >>> parse_urlencoded(b"name=Zo%C3%AB&tag=a&tag=b").getall("tag")
    ['a', 'b']

    Args:
        data: The whole body.
        charset: The encoding after percent-decoding.
        limits: ``max_fields``, ``max_field_size``, ``max_fields_total`` and ``max_total`` apply.

    Raises:
        BadRequestError: If there are too many fields, a field is no text, or the charset is unknown.
        PayloadTooLargeError: If the body or a field is too large.
    """
    codec = text_codec(charset)
    if len(data) > min(limits.max_total, limits.max_fields_total):
        limit = min(limits.max_total, limits.max_fields_total)
        raise PayloadTooLargeError(f"form: {len(data)} bytes, at most {limit} are taken")
    if data.count(b"&") >= limits.max_fields:
        raise BadRequestError(f"form: more than {limits.max_fields} fields")
    pairs: list[tuple[str, str]] = []
    offset = 0
    for number, field in enumerate(data.split(b"&"), 1):
        if len(field) > limits.max_field_size:
            raise PayloadTooLargeError(
                f"form: field {number} at byte {offset} has {len(field)} bytes, "
                f"at most {limits.max_field_size} are taken"
            )
        if field:
            name, _, value = field.replace(b"+", b" ").partition(b"=")
            try:
                pairs.append((_decode(name).decode(codec), _decode(value).decode(codec)))
            except UnicodeDecodeError as error:
                raise BadRequestError(
                    f"form: field {number} at byte {offset} is not valid {charset}: {error.reason}"
                ) from error
        offset += len(field) + 1
    return FormData(pairs)
