"""A value with parameters, as in Content-Type (RFC 9110 §5.6.6): ``token/token; name=token; name="quoted"``.

Strict: a parameter that comes twice, a blank around ``=`` or an open quote is refused, because two readers
    would
see two things. Content-Disposition in forms has its own, looser reader in ``_part_head``.
"""

from __future__ import annotations

import re
from typing import Final

from areion_http.errors import BadRequestError

_TCHARS: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_MEDIA_TYPE: Final = re.compile(rf"{_TCHARS}/{_TCHARS}")
# RFC 9110 §5.6.4: qdtext and quoted-pair, anything but controls (by exclusion: ranges compile slowly).
_QUOTED: Final = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*+"'
_PARAMETER: Final = re.compile(rf"[ \t]*+;[ \t]*+(?:({_TCHARS})=({_TCHARS}|{_QUOTED}))?")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)


def parse_content_type(value: str) -> tuple[str, dict[str, str]]:
    """Parse the value of a Content-Type field.

    >>> parse_content_type('Text/HTML; Charset="utf-8"')
    ('text/html', {'charset': 'utf-8'})

    Args:
        value: The field's value.

    Returns:
        The media type in lower case, and its parameters by their names in lower case; values as they are.

    Raises:
        BadRequestError: If the value breaks RFC 9110 §8.3.1; the message says where.
    """
    text = value.strip(" \t")
    match = _MEDIA_TYPE.match(text)
    if match is None:
        raise BadRequestError(f"Content-Type: expected type/subtype, got {text[:80]!r}")
    parameters: dict[str, str] = {}
    position = match.end()
    while position < len(text):
        parameter = _PARAMETER.match(text, position)
        if parameter is None:
            raise BadRequestError(
                f"Content-Type: expected '; name=value' at character {position} (RFC 9110 §5.6.6), "
                f"got {text[position : position + 40]!r}"
            )
        position = parameter.end()
        name = parameter[1]
        if name is None:
            continue
        name = name.lower()
        if name in parameters:
            raise BadRequestError(f"Content-Type: parameter {name!r} comes twice")
        parameters[name] = _unquote(parameter[2])
    return match[0].lower(), parameters


def _unquote(text: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", text[1:-1]) if text[0] == '"' else text
