"""What can go wrong with a template, each error with the template's name and line.

::

    EngineError
    ├── TemplateNotFoundError   also a jinja2.TemplateNotFound and a LookupError
    ├── TemplateSyntaxError     also a jinja2.TemplateSyntaxError
    └── RenderError             also a jinja2.TemplateRuntimeError
        ├── UndefinedError      also a jinja2.UndefinedError
        └── SecurityError       also a jinja2.sandbox.SecurityError

An exception raised by Python code that a template calls is none of these: it goes on to the caller as it is,
so that an error handler for its type still applies, with a note (PEP 678) of the template and line.
"""

from __future__ import annotations

from collections.abc import Sequence

import jinja2
from jinja2.exceptions import SecurityError as JinjaSecurityError


class EngineError(Exception):
    """Any error of a template.

    Attributes:
        template: The template's name; `"<string>"` for one given as text.
        line: The line in it, counted from 1; `None` where there is none.
    """

    template: str | None = None
    line: int | None = None


class TemplateNotFoundError(EngineError, jinja2.TemplateNotFound):
    """No template of that name.

    Attributes:
        names: The names asked for; more than one only for `{% include [...] %}`.
        searched: Where it was looked for, in words, in the order of the search.
    """

    def __init__(self, names: Sequence[str], searched: Sequence[str], detail: str = "") -> None:
        listed = " or ".join(repr(name) for name in names)
        message = f"template {listed} not found; searched: {'; '.join(searched)}"
        jinja2.TemplateNotFound.__init__(
            self, names[-1] if names else "", message + (f". {detail}" if detail else "")
        )
        self.names = tuple(names)
        self.searched = tuple(searched)
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.names, self.searched, self.detail), self.__dict__

    def asked_for_by(self, template: str, line: int) -> TemplateNotFoundError:
        """Return the same error, saying which template included or extended the missing one."""
        by = f"asked for by {template!r}, line {line}"
        error = TemplateNotFoundError(
            self.names, self.searched, f"{self.detail}; {by}" if self.detail else by
        )
        error.template, error.line = template, line
        return error


class TemplateSyntaxError(EngineError, jinja2.TemplateSyntaxError):
    """A template that cannot be compiled.

    Attributes:
        source_line: The text of the line, stripped, if it is known.
    """

    def __init__(
        self, reason: str, line: int, template: str, filename: str | None, source_line: str | None
    ) -> None:
        jinja2.TemplateSyntaxError.__init__(self, reason, line, template, filename)
        self.template = template
        self.line = line
        self.source_line = source_line

    def __reduce__(self) -> tuple[object, ...]:
        return (
            type(self),
            (self.message, self.lineno, self.name, self.filename, self.source_line),
            self.__dict__,
        )

    def __str__(self) -> str:
        place = f" ({self.filename})" if self.filename else ""
        quoted = f": {self.source_line}" if self.source_line else ""
        return f"template {self.template!r}{place}, line {self.line}: {self.message}{quoted}"


class RenderError(EngineError, jinja2.TemplateRuntimeError):
    """A template that could not be filled in, by its own fault; `__cause__` is what Python said."""

    def __init__(self, reason: str, template: str | None = None, line: int | None = None) -> None:
        place = "" if template is None else f"template {template!r}, line {line}: "
        super().__init__(place + reason)
        self.template = template
        self.line = line


class UndefinedError(RenderError, jinja2.UndefinedError):
    """A template that did something with a variable that the context does not have."""


class SecurityError(RenderError, JinjaSecurityError):
    """A template in the sandbox that tried what is not allowed there."""
