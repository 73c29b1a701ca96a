"""An exception as data: its frames with source lines and locals, and the exceptions behind it.

Everything is bounded, and everything secret masked. How it is shown is not known here.
"""

from __future__ import annotations

import itertools
import linecache
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Final

from areion._frames import is_library
from areion.dev._masking import Masker, sendable

_CONTEXT: Final = 5
"""Source lines before and after the one that was running."""
_MAX_FRAMES: Final = 50
"""Frames shown of one exception; an endless recursion has a thousand, and they are all the same."""
_MAX_LOCALS: Final = 60
_MAX_CHAIN: Final = 10
_MAX_GROUP: Final = 8
_MAX_DEPTH: Final = 2
"""Groups inside of groups that are shown."""
_CALL: Final = re.compile(r'[\s|]*File "')


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of source.

    Attributes:
        number: From 1.
        before: Text before the marked part; all of it, if nothing is marked.
        marked: The part that was running.
        after: Text behind it.
        current: Whether it is the line that was running.
    """

    number: int
    before: str
    marked: str = ""
    after: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """A call that was under way.

    Attributes:
        file: Path of its source.
        line: The line that was running.
        function: Its name, with the class.
        code: That line, without blanks around it.
        library: Whether it is Areion's, the standard library's, or another installed package's.
        source: The lines around.
        variables: Its locals: name and representation.
    """

    file: str
    line: int
    function: str
    code: str
    library: bool
    source: tuple[SourceLine, ...]
    variables: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class ExceptionReport:
    """An exception.

    Attributes:
        type: Its class, with the module unless that is builtins.
        message: Its text.
        notes: What was added by ``add_note``.
        frames: The calls, innermost first.
        left_out: How many in the middle are not among them.
        relation: How it has led to the exception before it in the chain; empty for the first.
        group: The exceptions in an exception group.
    """

    type: str
    message: str
    notes: tuple[str, ...]
    frames: tuple[Frame, ...]
    left_out: int = 0
    relation: str = ""
    group: list[list[ExceptionReport]] = field(default_factory=list)


def report(error: BaseException, masker: Masker) -> list[ExceptionReport]:
    """Return an exception and those behind it, the one that was raised last first."""
    chain = list(_chain(error))
    _learn(chain, masker, depth=0)
    return [_report_one(one, relation, masker, depth=0) for one, relation in chain]


def plain_traceback(error: BaseException, masker: Masker) -> str:
    """Return the traceback as Python prints it."""
    pieces = traceback.format_exception(error, limit=-_MAX_FRAMES)
    # A piece is a call with its source, or says what was raised.
    return "".join(masker.source(each) if _CALL.match(each) else masker.text(each) for each in pieces)


def _learn(chain: Sequence[tuple[BaseException, str]], masker: Masker, depth: int) -> None:
    """Tell the masker what secrets all the calls know, before any is shown."""
    for one, _ in chain:
        for frame, _, _ in _calls(one):
            masker.learn(list(frame.f_locals.items()))
        for inner in _members(one, depth):
            _learn(list(_chain(inner)), masker, depth + 1)


def _members(error: BaseException, depth: int) -> Sequence[BaseException]:
    """Return the exceptions in a group that are shown."""
    return (
        error.exceptions[:_MAX_GROUP] if isinstance(error, BaseExceptionGroup) and depth < _MAX_DEPTH else ()
    )


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    seen = {id(error)}
    relation = ""
    current: BaseException | None = error
    while current is not None and len(seen) <= _MAX_CHAIN:
        yield current, relation
        if current.__cause__ is not None:
            current, relation = current.__cause__, "was the direct cause of it"
        elif current.__suppress_context__:
            return
        else:
            current, relation = current.__context__, "was being handled when it was raised"
        if id(current) in seen:
            return
        seen.add(id(current))


def _report_one(error: BaseException, relation: str, masker: Masker, depth: int) -> ExceptionReport:
    calls = _calls(error)
    left_out = max(0, len(calls) - _MAX_FRAMES)
    if left_out:
        half = _MAX_FRAMES // 2
        calls = calls[:half] + calls[-half:]
    frames = [_frame(frame, line, instruction, masker) for frame, line, instruction in reversed(calls)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.insert(0, _syntax_frame(error, masker))
    found = ExceptionReport(
        type=_type_name(error),
        message=masker.text(_text(error)),
        notes=tuple(masker.text(note) for note in _notes(error)),
        frames=tuple(frames),
        left_out=left_out,
        relation=relation,
    )
    for inner in _members(error, depth):
        found.group.append([_report_one(one, why, masker, depth + 1) for one, why in _chain(inner)])
    return found


def _calls(error: BaseException) -> list[tuple[FrameType, int, int]]:
    """Return frame, line and instruction of each call, outermost first."""
    calls = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        calls.append((step.tb_frame, step.tb_lineno, step.tb_lasti))
        step = step.tb_next
    return calls


def _frame(frame: FrameType, line: int, instruction: int, masker: Masker) -> Frame:
    code = frame.f_code
    columns = next(itertools.islice(code.co_positions(), instruction // 2, None), (None, None, None, None))
    source = tuple(_source(frame, line, columns, masker))
    variables = itertools.islice(frame.f_locals.items(), _MAX_LOCALS)
    return Frame(
        file=sendable(code.co_filename),
        line=line,
        function=code.co_qualname,
        code=next((f"{one.before}{one.marked}{one.after}".strip() for one in source if one.current), ""),
        library=is_library(frame),
        source=source,
        variables=tuple((name, masker.value(name, value)) for name, value in variables),
    )


def _source(
    frame: FrameType,
    line: int,
    columns: tuple[int | None, int | None, int | None, int | None],
    masker: Masker,
) -> Iterator[SourceLine]:
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    first = max(1, line - _CONTEXT)
    for number in range(first, min(len(lines), line + _CONTEXT) + 1):
        raw = lines[number - 1].rstrip("\n\r\f")
        text = masker.source(raw)
        begin_line, end_line, begin, end = columns
        marks = number == line == begin_line == end_line and begin is not None and end is not None
        # What is masked has moved the columns, and a whole line that is marked says nothing.
        if (
            marks
            and text == raw
            and raw.strip() != (part := raw.encode()[begin:end].decode(errors="replace"))
        ):
            head = raw.encode()[:begin].decode(errors="replace")
            yield SourceLine(number, head, part, raw[len(head) + len(part) :], current=True)
        else:
            yield SourceLine(number, text, current=number == line)


def _syntax_frame(error: SyntaxError, masker: Masker) -> Frame:
    """Show the line that could not be parsed as if it had been running."""
    line = error.lineno or 1
    text = masker.source((error.text or linecache.getline(error.filename or "", line)).rstrip("\n"))
    column = max(0, (error.offset or 1) - 1)
    marked = SourceLine(line, text[:column], text[column : column + 1], text[column + 1 :], current=True)
    return Frame(
        sendable(error.filename or ""), line, "<cannot be parsed>", text.strip(), False, (marked,), ()
    )


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _notes(error: BaseException) -> list[str]:
    """Return its notes; the attribute may hold anything, for anybody may set it."""
    notes = getattr(error, "__notes__", ())
    return [_text(each) for each in (notes if isinstance(notes, (list, tuple)) else (notes,))]


def _text(value: object) -> str:
    try:
        return str(value)[:10_000]
    except Exception as error:  # noqa: BLE001 - any class may have any fault
        return f"<its str() raised {type(error).__name__}>"
