"""What commands write: colours where they are welcome, tables in plain text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_RESET: Final = "\x1b[0m"


def has_colour(stream: TextIO) -> bool:
    """Tell whether colours are welcome: on a terminal, unless ``NO_COLOR`` is set or ``TERM`` is ``dumb``."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, *styles: str, stream: TextIO | None = None) -> str:
    """Return the text in styles, for a stream (standard output by default); plain where there is no colour."""
    if not text or not has_colour(sys.stdout if stream is None else stream):
        return text
    return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}{_RESET}"


def say(text: str = "") -> None:
    """Write a line to standard output: what was asked for."""
    sys.stdout.write(f"{text}\n")


def tell(text: str) -> None:
    """Write a line to standard error: what happens meanwhile."""
    sys.stderr.write(f"{paint('areion:', 'bold', stream=sys.stderr)} {text}\n")
    sys.stderr.flush()


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[str | None] | None = None
) -> str:
    """Lay rows out in columns as wide as their widest cell.

    Args:
        heads: One per column.
        rows: As many cells each.
        styles: One per column; None for plain.
    """
    lines = [tuple(heads), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    styles = styles or [None] * len(heads)

    def lay(line: Sequence[str], looks: Sequence[str | None]) -> str:
        cells = []
        for text, width, look in zip(line, widths, looks, strict=True):
            cells.append((paint(text, look) if look else text) + " " * (width - len(text)))
        return "  ".join(cells).rstrip()

    return "\n".join([lay(lines[0], ["bold"] * len(heads)), *(lay(line, styles) for line in lines[1:])])
