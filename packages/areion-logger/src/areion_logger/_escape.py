"""Characters that could forge a line, or make a terminal do something, written out as escapes.

A log is read line by line, by people and by programs, and parts of its text come from strangers. So a
character that ends a line for anybody (CR, LF, VT, FF, FS to US, NEL, U+2028, U+2029), that steers a terminal
(C0, DEL, C1) or that turns the direction of writing (Unicode TR9) never goes out as it is. A backslash stays:
the escapes are for safety, not to be undone.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]",
)

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def escape(text: str) -> str:
    r"""Return `text` on one line, harmless to a terminal.

    Example:
        >>> escape("in\nout\x1b[2J")
        'in\\nout\\x1b[2J'
    """
    # PERF: isprintable() is false for every unsafe character, and costs a tenth of the search.
    return text if text.isprintable() else _UNSAFE.sub(_escape, text)


def continued(text: str) -> str:
    """Return text of several lines so that no line of it can be taken for the start of a record.

    Each line, also one that only some programs take for a line, is escaped and begins with a bar.
    """
    return "\n".join("    | " + escape(line.expandtabs(4)) for line in text.split("\n"))
