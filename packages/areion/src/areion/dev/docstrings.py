"""Docstrings → facts: summary, description, parameters, returned value, raised exceptions.

Strategy: one pass over the lines. At each line the three styles are tried in turn, a NumPy heading (a title
over dashes), a Google heading (`Args:`), a Sphinx field (`:param x:`); what is none of them is prose. So a
docstring may mix styles, and a docstring of no style is a summary and a description. Any text is accepted:
documentation never breaks the program that it documents.

Nothing here knows about types, routes or OpenAPI: a type is the text its author wrote.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from areion.dev._docitems import (
    DocItem,
    Layout,
    dedent,
    google_items,
    google_outcomes,
    google_raises,
    indent_of,
    numpy_items,
    numpy_outcomes,
    reflow,
    sphinx_item,
)

__all__ = ["DocItem", "Docstring", "parse_docstring"]


@dataclass(slots=True)
class Docstring:
    """What a docstring says.

    Attributes:
        summary: The first paragraph, on one line.
        description: Every other piece of prose, in order, as CommonMark.
        params: The parameters described, by name, in the order of the text.
        attributes: The attributes described (of a class), by name.
        returns: What is returned, or None if that is not said.
        yields: What is yielded, or None if that is not said.
        raises: Exceptions: the name is the exception's, as written (perhaps dotted).
        deprecated: Why the thing is deprecated, or None if it is not.
    """

    summary: str = ""
    description: str = ""
    params: dict[str, DocItem] = field(default_factory=dict)
    attributes: dict[str, DocItem] = field(default_factory=dict)
    returns: DocItem | None = None
    yields: DocItem | None = None
    raises: list[DocItem] = field(default_factory=list)
    deprecated: str | None = None


# Every heading of Google's and numpydoc's guides that tells something about the signature, and the
# predecessor's `Params:`. Other headings (Note, Example, See Also) are prose.
_SECTIONS = {
    **dict.fromkeys(
        (
            "args",
            "arguments",
            "parameters",
            "params",
            "other parameters",
            "keyword args",
            "keyword arguments",
        ),
        "params",
    ),
    **dict.fromkeys(("attributes", "fields"), "attributes"),
    **dict.fromkeys(("returns", "return"), "returns"),
    **dict.fromkeys(("yields", "yield"), "yields"),
    **dict.fromkeys(("raises", "raise", "exceptions", "throws"), "raises"),
    "deprecated": "deprecated",
}

_DASHES = re.compile(r"[ \t]*-{3,}[ \t]*")
_GOOGLE_HEADING = re.compile(r"[ \t]*([A-Za-z]+(?: [A-Za-z]+)?)[ \t]*:[ \t]*(.*)")
# The headings that may be followed by their text on the same line: `Returns: the note`.
_INLINE = ("Returns", "Yields", "Deprecated")
_SPHINX_FIELD = re.compile(r"[ \t]*[:@]([a-z]+)(?:[ \t]+([^:]*))?:(?:[ \t]+(.*)|[ \t]*)")
_DEPRECATED_DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+deprecated::[ \t]*(.*)")


def parse_docstring(text: str | None) -> Docstring:
    """Read a docstring written in Google's, NumPy's or Sphinx's style, or in none.

    Args:
        text: The docstring as Python keeps it (indented), or None.

    Returns:
        What it says; empty if it says nothing. No text raises.

    >>> doc = parse_docstring('''Find notes.
    ...
    ...     Args:
    ...         limit (int, optional): How many. Defaults to 10.
    ...     ''')
    >>> doc.summary, doc.params["limit"].type, doc.params["limit"].default
    ('Find notes.', 'int', '10')
    """
    return _Reading(inspect.cleandoc(text or "").split("\n")).run()


@dataclass(frozen=True, slots=True)
class _Style:
    """How the sections of one style with headings are laid out."""

    items: Layout
    outcomes: Layout
    raises: Layout


_GOOGLE = _Style(google_items, google_outcomes, google_raises)
_NUMPY = _Style(numpy_items, numpy_outcomes, numpy_items)


class _Reading:
    """One pass over the lines of one docstring."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.found = Docstring()
        self.prose: list[str] = []
        self.sphinx_types: dict[str, str] = {}

    def run(self) -> Docstring:
        at = 0
        while at < len(self.lines):
            after = self._numpy(at) or self._google(at) or self._sphinx(at) or self._directive(at)
            if after:
                at = after
            else:
                self.prose.append(self.lines[at])
                at += 1
        self._settle_sphinx_types()
        self._settle_prose()
        return self.found

    def _numpy(self, at: int) -> int | None:
        section = self._numpy_heading(at)
        if section is None:
            return None
        end = at + 2
        while end < len(self.lines) and not self._underlined(end):
            end += 1
        self._store(section, self.lines[at + 2 : end], _NUMPY)
        return end

    def _underlined(self, at: int) -> bool:
        """Whether the line is a title over dashes."""
        lines = self.lines
        return at + 1 < len(lines) and bool(lines[at].strip()) and bool(_DASHES.fullmatch(lines[at + 1]))

    def _numpy_heading(self, at: int) -> str | None:
        return _SECTIONS.get(self.lines[at].strip().lower()) if self._underlined(at) else None

    def _google(self, at: int) -> int | None:
        heading = _GOOGLE_HEADING.fullmatch(self.lines[at])
        section = heading and _SECTIONS.get(heading[1].lower())
        if heading is None or section is None:
            return None
        if heading[2] and heading[1] not in _INLINE:
            return None
        end = self._end_of_google(at)
        body = dedent(self.lines[at + 1 : end])
        if heading[2]:
            body = [heading[2], *body]
        self._store(section, body, _GOOGLE)
        return end

    def _end_of_google(self, at: int) -> int:
        """Where a Google section ends: at the first text that is not indented under its heading.

        The predecessor also took items that stand directly under the heading without any indentation;
        those end at the first blank line or the next heading.
        """
        base, end = indent_of(self.lines[at]), at + 1
        indented = end < len(self.lines) and indent_of(self.lines[end]) > base
        while end < len(self.lines):
            line = self.lines[end]
            if indented:
                if line.strip() and indent_of(line) <= base:
                    break
            elif not line.strip() or self._starts_section(end):
                break
            end += 1
        return end

    def _starts_section(self, at: int) -> bool:
        heading = _GOOGLE_HEADING.fullmatch(self.lines[at])
        return self._underlined(at) or (heading is not None and heading[1].lower() in _SECTIONS)

    def _sphinx(self, at: int) -> int | None:
        matched = _SPHINX_FIELD.fullmatch(self.lines[at])
        if matched is None or matched[1] not in _SPHINX_FIELDS:
            return None
        base, end = indent_of(self.lines[at]), at + 1
        while end < len(self.lines):
            line = self.lines[end]
            if not line.strip() or indent_of(line) <= base:
                break
            end += 1
        text = reflow([matched[3] or "", *dedent(self.lines[at + 1 : end])])
        _SPHINX_FIELDS[matched[1]](self, (matched[2] or "").strip(), text)
        return end

    def _directive(self, at: int) -> int | None:
        matched = _DEPRECATED_DIRECTIVE.fullmatch(self.lines[at])
        if matched is None:
            return None
        base, end = indent_of(self.lines[at]), at + 1
        while end < len(self.lines) and self.lines[end].strip() and indent_of(self.lines[end]) > base:
            end += 1
        # The directive's argument is the version; the reason is its body.
        self.found.deprecated = reflow(dedent(self.lines[at + 1 : end])) or matched[1]
        return end

    def _store(self, section: str, body: list[str], style: "_Style") -> None:
        """Keep what one section with a heading says."""
        found = self.found
        if section == "params":
            _add(found.params, style.items(body))
        elif section == "attributes":
            _add(found.attributes, style.items(body))
        elif section == "raises":
            found.raises.extend(style.raises(body))
        elif section == "returns":
            found.returns = found.returns or next(iter(style.outcomes(body)), None)
        elif section == "yields":
            found.yields = found.yields or next(iter(style.outcomes(body)), None)
        else:
            found.deprecated = reflow(body)

    def sphinx_param(self, argument: str, text: str) -> None:
        """`:param type name: text`, the type being optional."""
        _add(self.found.params, [sphinx_item(argument, text)])

    def sphinx_attribute(self, argument: str, text: str) -> None:
        """`:ivar name: text`."""
        _add(self.found.attributes, [sphinx_item(argument, text)])

    def sphinx_type(self, argument: str, text: str) -> None:
        """`:type name: text`."""
        self.sphinx_types[argument] = text

    def sphinx_returns(self, _argument: str, text: str) -> None:
        """`:returns: text`."""
        self.found.returns = DocItem("", self._said_type(self.found.returns), text)

    def sphinx_rtype(self, _argument: str, text: str) -> None:
        """`:rtype: type`."""
        described = self.found.returns.description if self.found.returns else ""
        self.found.returns = DocItem("", text or None, described)

    def sphinx_yields(self, _argument: str, text: str) -> None:
        """`:yields: text`."""
        self.found.yields = DocItem("", self._said_type(self.found.yields), text)

    def sphinx_raises(self, argument: str, text: str) -> None:
        """`:raises NotFoundError, ForbiddenError: text`."""
        self.found.raises.extend(DocItem(name, None, text) for name in re.findall(r"[\w.]+", argument))

    def sphinx_deprecated(self, _argument: str, text: str) -> None:
        """`:deprecated: text`."""
        self.found.deprecated = text

    @staticmethod
    def _said_type(item: DocItem | None) -> str | None:
        return item.type if item else None

    def _settle_sphinx_types(self) -> None:
        """`:type x:` may stand before or after its `:param x:`, or without one."""
        for name, text in self.sphinx_types.items():
            typed = sphinx_item(name, "").with_type(text)
            known = self.found.params.get(typed.name)
            if known is None:
                _add(self.found.params, [typed])
            elif known.type is None:
                self.found.params[typed.name] = known.with_type(text)

    def _settle_prose(self) -> None:
        lines = "\n".join(self.prose).strip().split("\n")
        blank = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
        self.found.summary = " ".join(line.strip() for line in lines[:blank])
        rest = "\n".join(line.rstrip() for line in lines[blank:])
        # Sections that were taken out leave runs of blank lines behind.
        self.found.description = re.sub(r"\n{3,}", "\n\n", rest).strip("\n")


_SPHINX_FIELDS: dict[str, Callable[[_Reading, str, str], None]] = {
    **dict.fromkeys(
        ("param", "parameter", "arg", "argument", "key", "keyword", "kwarg"), _Reading.sphinx_param
    ),
    **dict.fromkeys(("var", "ivar", "cvar"), _Reading.sphinx_attribute),
    **dict.fromkeys(("raises", "raise", "except", "exception"), _Reading.sphinx_raises),
    **dict.fromkeys(("returns", "return"), _Reading.sphinx_returns),
    **dict.fromkeys(("yields", "yield"), _Reading.sphinx_yields),
    "type": _Reading.sphinx_type,
    "rtype": _Reading.sphinx_rtype,
    "deprecated": _Reading.sphinx_deprecated,
}


def _add(known: dict[str, DocItem], items: Iterable[DocItem]) -> None:
    """Keep what was said first about a name; `*args` and `**kwargs` name nothing that can be sent."""
    for item in items:
        if item.name and not item.name.startswith("*"):
            known.setdefault(item.name, item)
