"""Content-Disposition for downloads (RFC 6266, RFC 8187): writing only; forms read their own variant.

A file's name is data from anywhere: whatever it holds, the field stays one field with the parameters
intended.
"""

from __future__ import annotations

import re
from typing import Final

# What cannot be part of a name on the recipient's side: controls, and what separates directories.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
# RFC 6266 appendix D: user agents differ on backslashes and on percent signs in a quoted string.
_PLAIN: Final = re.compile(r"[\x20\x21\x23\x24\x26-\x5b\x5d-\x7e]*\Z")
_NOT_PLAIN: Final = re.compile(r"[^\x20\x21\x23\x24\x26-\x5b\x5d-\x7e]")
# RFC 8187 §3.2.1, attr-char.
_ATTR_CHARS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


def content_disposition(filename: str | None, disposition: str = "attachment") -> str:
    r"""Build the value of a Content-Disposition field.

    A name of plain ASCII is given as ``filename``. Any other is given twice: approximated in ``filename``,
    exact in ``filename*``, which every current user agent prefers (RFC 6266 §4.3). Controls and the
    separators ``/`` and ``\`` become ``_`` in both.

    >>> content_disposition("report.pdf")
    'attachment; filename="report.pdf"'
    >>> content_disposition("Zoë.txt")
    'attachment; filename="Zo_.txt"; filename*=UTF-8\'\'Zo%C3%AB.txt'

    Args:
        filename: The name proposed for saving; empty or ``None`` proposes none.
        disposition: ``"attachment"`` to save, ``"inline"`` to show, or another token.

    Raises:
        ValueError: If ``disposition`` is not a token.
    """
    if _TOKEN.match(disposition) is None:
        raise ValueError(
            f"disposition: expected a token such as 'attachment' or 'inline', got {disposition!r}"
        )
    if not filename:
        return disposition
    name = _UNSAFE.sub("_", filename)
    if _PLAIN.match(name):
        return f'{disposition}; filename="{name}"'
    fallback = _NOT_PLAIN.sub("_", name)
    # A name from a file system may hold bytes that are no text (lone surrogates); they become "?".
    octets = name.encode("utf-8", "replace")
    exact = "".join(chr(octet) if octet in _ATTR_CHARS else f"%{octet:02X}" for octet in octets)
    return f"{disposition}; filename=\"{fallback}\"; filename*=UTF-8''{exact}"
