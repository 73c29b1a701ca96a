"""The character encodings that a client may name for a body or a form, and a handler for its text.

A closed list of labels, and never ``codecs.lookup`` on what a client sends, or a handler repeats: that keeps
every name it is asked for, imports modules by it, and knows codecs that are no text or take quadratic time. The
list is that of the WHATWG Encoding standard as far as Python has it, without the stateful ones.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from areion_http._parameters import parse_content_type
from areion_http.errors import BadRequestError

_CODECS: Final = {
    "utf-8": "utf-8 utf8",
    "ascii": "us-ascii ascii",
    "iso8859-1": "iso-8859-1 iso8859-1 latin1 latin-1",
    "iso8859-15": "iso-8859-15 iso8859-15 latin9",
    "koi8-r": "koi8-r koi8",
    "koi8-u": "koi8-u",
    "mac-roman": "macintosh",
    "cp866": "ibm866 cp866",
    "gbk": "gbk gb2312",
    "gb18030": "gb18030",
    "big5hkscs": "big5 big5-hkscs",
    "euc_jp": "euc-jp",
    "cp932": "shift_jis shift-jis windows-31j",
    "cp949": "euc-kr",
    "utf-16-le": "utf-16 utf-16le",
    "utf-16-be": "utf-16be",
}
_CODEC_OF: Final = (
    {f"iso-8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 16)}
    | {f"windows-125{page}": f"cp125{page}" for page in range(9)}
    | {label: codec for codec, labels in _CODECS.items() for label in labels.split()}
)


def text_codec(charset: str) -> str:
    """Return Python's name of the codec for a charset.

    >>> text_codec("UTF-8"), text_codec("latin1")
    ('utf-8', 'iso8859-1')

    Raises:
        BadRequestError: If it is not an encoding that text is read in.
    """
    codec = _CODEC_OF.get(charset.lower())
    if codec is None:
        raise BadRequestError(f"charset {charset[:40]!r} is not supported; send UTF-8")
    return codec


def encode_text(text: str, content_type: str) -> bytes:
    """Return text in the charset that a content type names; in UTF-8 if it names none.

    >>> encode_text("caf\u00e9", "text/html; charset=latin-1") == "caf\u00e9".encode("latin-1")
    True

    Raises:
        ValueError: If the charset is not known, or has no code for a character.
    """
    codec = _codec_of(content_type)
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"the charset of the Content-Type {content_type!r} has no code for {text[error.start]!a}, which is at "
            f"{error.start} of the text; use charset=utf-8"
        ) from error


# Handlers may make up types without end.
@lru_cache(maxsize=256)
def _codec_of(content_type: str) -> str:
    if "charset" not in content_type.lower():
        return "utf-8"
    try:
        charset = parse_content_type(content_type)[1].get("charset")
    except BadRequestError as error:
        raise ValueError(f"the charset for the text cannot be read: {error.message}") from error
    codec = "utf-8" if charset is None else _CODEC_OF.get(charset.lower())
    if codec is None:
        raise ValueError(
            f"text is not encoded in the charset of the Content-Type {content_type!r}, which is not known; "
            "use charset=utf-8, or encode it yourself and give bytes"
        )
    return codec
