"""The entries inside a docstring's sections: one parameter, one exception, one returned value.

Each style has a layout, a function from the lines of a section to its items: Google writes
`name (type): text`, NumPy `name : type` with the text below, Sphinx `type name`. What is common to all of
them, `optional` and default values, is read here once. Headings and the order of sections are not its matter.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

Layout = Callable[[list[str]], "list[DocItem]"]


@dataclass(frozen=True, slots=True)
class DocItem:
    """One entry of a section.

    Attributes:
        name: The parameter's or exception's name, with its stars; empty for a returned value.
        type: The type as written, without `optional` and default; None if it is not given.
        description: The text, as CommonMark.
        optional: Whether the entry may be left out: it says `optional`, or names a default.
        default: The default as written, or None if none is named.
    """

    name: str
    type: str | None = None
    description: str = ""
    optional: bool = False
    default: str | None = None

    def with_type(self, text: str) -> "DocItem":
        """The same entry with the type (and `optional`, and default) that `text` gives."""
        kind, optional, default = _split_type(text)
        return replace(
            self,
            type=kind or self.type,
            optional=self.optional or optional,
            default=self.default if default is None else default,
        )


# One level of brackets inside the brackets: `(Callable[[int], str], optional)`, `(tuple(int))`.
_GOOGLE_ITEM = re.compile(
    r"(\*{0,2}[\w.\-]+)[ \t]*(?:\(((?:[^()]|\([^()]*\))*)\))?[ \t]*:(?:[ \t]+(.*)|[ \t]*)"
)
_NUMPY_ITEM = re.compile(r"(\*{0,2}[\w.\-]+(?:[ \t]*,[ \t]*\*{0,2}[\w.\-]+)*)[ \t]*(?::[ \t]*(.*))?")
_GOOGLE_RAISE = re.compile(r"([\w.]+(?:[ \t]*[,|][ \t]*[\w.]+)*)[ \t]*(?::(?:[ \t]+(.*)|[ \t]*))?")
_NUMPY_RETURN = re.compile(r"(?:\w+[ \t]+:[ \t]*)?(.+)")
# A type before a colon has no spaces, but inside brackets and around `|`: prose with a colon is not a type.
_RETURN_TYPE = re.compile(
    r"([\w.]+(?:\[[^:]*\])?(?:[ \t]*\|[ \t]*[\w.]+(?:\[[^:\]]*\])?)*)[ \t]*:(?:[ \t]+(.*)|[ \t]*)"
)
_LIST_MARK = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]")
_ROLE = re.compile(r":\w+:`~?([^`]*)`")
_BRACKETED_DEFAULT = re.compile(r"[ \t]*\(defaults?[ \t]*(?:is|to|:|=)?[ \t]*([^()]*)\)", re.IGNORECASE)
_TOLD_DEFAULT = re.compile(
    r"\bdefaults?[ \t]+(?:is|to)[ \t]+(`+[^`]*`+|\"[^\"]*\"|'[^']*'|[^\s,;]+?)(?=[.,;]?(?:\s|$))",
    re.IGNORECASE,
)
_TYPE_DEFAULT = re.compile(r"default[ \t]*(?:[:=]|is\b|to\b)?[ \t]*(.+)", re.IGNORECASE)


def indent_of(line: str) -> int:
    """Columns of white space before the text; a blank line has none."""
    return len(line) - len(line.lstrip()) if line.strip() else 0


def dedent(lines: list[str]) -> list[str]:
    """The lines without the indentation that all of them share."""
    margin = min((indent_of(line) for line in lines if line.strip()), default=0)
    return [line[margin:] for line in lines]


def reflow(lines: list[str]) -> str:
    """Join wrapped lines with spaces; keep paragraphs, list items and deeper indentation apart."""
    out: list[str] = []
    for line in lines:
        text = line.strip()
        if not text:
            if out and out[-1]:
                out.append("")
        elif not out or not out[-1] or _LIST_MARK.match(line):
            out.append(text)
        else:
            out[-1] += " " + text
    return "\n".join(out).strip()


def google_items(lines: list[str]) -> list[DocItem]:
    """`name (type, optional): text`; lines indented deeper, or that look otherwise, continue an item."""
    items = []
    for first, rest in _blocks(lines, _GOOGLE_ITEM):
        name, kind, text = first.group(1, 2, 3)
        described = DocItem(name, None, reflow([text or "", *rest]))
        items.append(_with_told_default(described.with_type(kind) if kind else described))
    return items


def google_outcomes(lines: list[str]) -> list[DocItem]:
    """`type: text`, or only text."""
    lines = dedent(lines)
    while lines and not lines[0].strip():
        lines = lines[1:]
    if not lines:
        return []
    typed = _RETURN_TYPE.fullmatch(_ROLE.sub(r"\1", lines[0]).strip())
    if typed is None:
        return [DocItem("", None, reflow(lines))]
    return [DocItem("", typed[1], reflow([typed[2] or "", *lines[1:]]))]


def google_raises(lines: list[str]) -> list[DocItem]:
    """`NotFoundError, ForbiddenError: text`, or only names."""
    return [
        DocItem(name, None, reflow([first[2] or "", *rest]))
        for first, rest in _blocks(lines, _GOOGLE_RAISE)
        for name in re.findall(r"[\w.]+", first[1])
    ]


def numpy_items(lines: list[str]) -> list[DocItem]:
    """`name, name : type, optional` with the text indented below it."""
    items = []
    for first, rest in _blocks(lines, _NUMPY_ITEM, by_indent=True):
        for name in first[1].split(","):
            described = DocItem(name.strip(), None, reflow(rest))
            items.append(_with_told_default(described.with_type(first[2]) if first[2] else described))
    return items


def numpy_outcomes(lines: list[str]) -> list[DocItem]:
    """`type`, or `name : type`, with the text indented below it."""
    return [
        DocItem("", _NUMPY_RETURN.sub(r"\1", first[0]).strip(), reflow(rest))
        for first, rest in _blocks(lines, re.compile(r".+"), by_indent=True)
    ]


def sphinx_item(argument: str, text: str) -> DocItem:
    """`type name`, as in `:param int limit:`; the type is optional."""
    kind, _, name = argument.rpartition(" ")
    described = DocItem(name.replace("\\", ""), None, text)
    return _with_told_default(described.with_type(kind) if kind else described)


def _blocks(
    lines: list[str], opening: re.Pattern[str], *, by_indent: bool = False
) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Split a section into its items: the match of the opening line, and the lines that continue it.

    An item opens at the section's margin. `by_indent` says that the text stands on deeper lines only, so
    that a line at the margin which does not open an item belongs to none.
    """
    block: tuple[re.Match[str], list[str]] | None = None
    for line in dedent(lines):
        plain = _ROLE.sub(r"\1", line).rstrip()
        opened = opening.fullmatch(plain) if line.strip() and not indent_of(line) else None
        if opened:
            if block:
                yield block
            block = opened, []
        elif block and not (by_indent and line.strip() and not indent_of(line)):
            block[1].append(line)
    if block:
        yield block


def _split_type(text: str) -> tuple[str | None, bool, str | None]:
    """`int, optional, default 5` → ("int", True, "5")."""
    kept: list[str] = []
    optional, default = False, None
    for part in _split_commas(_ROLE.sub(r"\1", text)):
        told = _TYPE_DEFAULT.fullmatch(part)
        if part.lower() == "optional":
            optional = True
        elif told and kept:
            optional, default = True, told[1].strip("`")
        elif part and part.lower() != "required":
            kept.append(part)
    return ", ".join(kept) or None, optional, default


def _split_commas(text: str) -> list[str]:
    """Split at the commas that stand outside of brackets and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth <= 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]


def _with_told_default(item: DocItem) -> DocItem:
    """Read a default from the text: `(default is 5)` is taken out of it, `Defaults to 5.` stays."""
    told = _BRACKETED_DEFAULT.search(item.description)
    if told:
        text = (item.description[: told.start()] + item.description[told.end() :]).strip()
        item = replace(item, description=text)
    else:
        told = _TOLD_DEFAULT.search(item.description)
    if told is None:
        return item
    default = told[1].strip().strip("`") if item.default is None else item.default
    return replace(item, optional=True, default=default)
