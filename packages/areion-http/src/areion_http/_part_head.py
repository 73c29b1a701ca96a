r"""The head of one part of a multipart form (RFC 7578 §4, RFC 2046 §5.1): bytes in, a ``PartHead`` out.

Names are read as browsers write them (WHATWG HTML, multipart form data): UTF-8, with ``%22``, ``%0D`` and
``%0A`` for a double quote, CR and LF. ``\"`` and ``\\``, which other clients write, are understood; any
other backslash is itself. ``filename*``, which RFC 7578 §4.2 forbids, counts only where there is no
``filename``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from areion_http._parameters import parse_content_type
from areion_http.errors import BadRequestError
from areion_http.headers import Headers

# RFC 2046 §5.1.1 lets a field fold over lines; no client does, and readers differ on it, so it is refused.
_FIELD: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++):[ \t]*+([\t\x20-\x7e\x80-\xff]*+)\Z")
_PARAMETER: Final = re.compile(
    r"[ \t]*+;[ \t]*+([!#$%&'*+\-.^_`|~0-9A-Za-z]++)="
    r'(?:"((?:[^"\\]|\\["\\]|\\(?!["\\]))*+)"|([!#$%&\'*+\-.^_`|~0-9A-Za-z]++))'
)
_ESCAPE: Final = re.compile(r'\\(["\\])|%(22|0[AaDd])')
_ESCAPED: Final = {"22": '"', "0a": "\n", "0d": "\r"}
# RFC 8187 §3.2.1: only UTF-8 has to be understood.
_EXTENDED: Final = re.compile(r"(?i:utf-8)'[0-9A-Za-z-]*+'((?:[!#$&+\-.^_`|~0-9A-Za-z]|%[0-9A-Fa-f]{2})*+)\Z")
# RFC 7578 §4.7 deprecates the field; these three change nothing, any other would.
_IDENTITY_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary"})
_SINGLE_FIELDS: Final = ("content-disposition", "content-type", "content-transfer-encoding")


@dataclass(frozen=True, slots=True)
class PartHead:
    """What the head of a part says.

    Attributes:
        name: The form field's name.
        filename: What the client calls the file; ``None`` if the part is a plain field.
        content_type: The part's Content-Type as it stands, or ``None``.
        charset: The ``charset`` of that type, or ``None``.
        headers: All fields of the part.
    """

    name: str
    filename: str | None
    content_type: str | None
    charset: str | None
    headers: Headers


def parse_part_head(block: bytes, where: str, max_headers: int) -> PartHead:
    """Parse the fields of a part.

    Args:
        block: The lines without the empty one that ends them; CRLF between them.
        where: The place for error messages, as ``"multipart form, part 3 at byte 512"``.
        max_headers: How many fields are taken.

    Raises:
        BadRequestError: If anything is malformed, doubtful or missing.
    """
    lines = block.split(b"\r\n") if block else []
    if len(lines) > max_headers:
        raise BadRequestError(f"{where}: more than {max_headers} header fields")
    pairs = [_parse_line(line, where) for line in lines]
    headers = Headers.trusted(pairs)
    for name in _SINGLE_FIELDS:
        if len(headers.getall(name)) > 1:
            raise BadRequestError(f"{where}: {name} comes twice")
    encoding = headers.get("content-transfer-encoding")
    if encoding is not None and encoding.lower() not in _IDENTITY_ENCODINGS:
        raise BadRequestError(
            f"{where}: Content-Transfer-Encoding {encoding[:40]!r} is not taken (RFC 7578 §4.7)"
        )
    name, filename = _parse_disposition(headers.get("content-disposition"), where)
    content_type = headers.get("content-type")
    charset = None
    if content_type is not None:
        try:
            charset = parse_content_type(content_type)[1].get("charset")
        except BadRequestError as error:
            raise BadRequestError(f"{where}: {error.message}") from error
    return PartHead(name, filename, content_type, charset, headers)


def _parse_line(line: bytes, where: str) -> tuple[str, str]:
    match = _FIELD.match(line)
    if match is None:
        raise BadRequestError(
            f"{where}: expected 'Name: value' without control characters, got {line[:80]!r}"
        )
    try:
        return match[1].decode("ascii"), match[2].rstrip(b" \t").decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError(
            f"{where}: {match[1].decode('ascii')} is not valid UTF-8: {line[:80]!r}"
        ) from error


def _parse_disposition(value: str | None, where: str) -> tuple[str, str | None]:
    """Return the field's name, and the file's if it is one."""
    if value is None:
        raise BadRequestError(f"{where}: no Content-Disposition (RFC 7578 §4.2)")
    kind, _, _ = value.partition(";")
    if kind.rstrip(" \t").lower() != "form-data":
        raise BadRequestError(f"{where}: expected Content-Disposition: form-data, got {value[:80]!r}")
    parameters: dict[str, str] = {}
    position = len(kind.rstrip(" \t"))
    while position < len(value):
        match = _PARAMETER.match(value, position)
        if match is None:
            if value[position:].strip(" \t") in {"", ";"}:
                break
            raise BadRequestError(
                f"{where}: Content-Disposition: expected '; name=\"value\"', "
                f"got {value[position : position + 80]!r}"
            )
        name = match[1].lower()
        if name in parameters:
            raise BadRequestError(f"{where}: Content-Disposition: {name!r} comes twice")
        parameters[name] = match[3] if match[2] is None else _ESCAPE.sub(_unescape, match[2])
        position = match.end()
    name, filename = parameters.get("name"), parameters.get("filename")
    if name is None:
        raise BadRequestError(f"{where}: Content-Disposition has no name (RFC 7578 §4.2)")
    if filename is None and "filename*" in parameters:
        filename = _extended(parameters["filename*"], where)
    if "\0" in name or (filename is not None and "\0" in filename):
        raise BadRequestError(f"{where}: NUL in a name")
    return name, filename


def _unescape(match: re.Match[str]) -> str:
    return match[1] or _ESCAPED[match[2].lower()]


def _extended(value: str, where: str) -> str:
    match = _EXTENDED.match(value)
    try:
        if match is not None:
            return unquote_to_bytes(match[1]).decode("utf-8")
    except UnicodeDecodeError:
        match = None
    raise BadRequestError(
        f"{where}: filename* is not UTF-8''percent-encoded (RFC 8187 §3.2), got {value[:80]!r}"
    )
