"""Jinja environments as this package wants them: safe by default, with errors that name template and line.

Strategy: everything goes through the hooks that Jinja has for it. `handle_exception` sees the traceback
before Jinja rewrites it, and so knows the template and line; `finalize` sees each value before it becomes
text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import CoroutineType, TracebackType
from typing import Any, NoReturn

import jinja2
from jinja2 import sandbox
from jinja2.exceptions import SecurityError as JinjaSecurityError

from areion_engine._loading import SearchLoader
from areion_engine.errors import (
    EngineError,
    RenderError,
    SecurityError,
    TemplateNotFoundError,
    TemplateSyntaxError,
    UndefinedError,
)

_TEMPLATE_SUFFIXES = (".jinja2", ".jinja", ".j2", ".tmpl", ".tpl")
"""Suffixes that say "a template", and leave it to the one before to say of what: `mail.txt.j2`."""

# fmt: off
_PLAIN_TEXT = frozenset({
    ".cfg", ".conf", ".csv", ".css", ".env", ".ini", ".js", ".json", ".log", ".md", ".mjs", ".py", ".rst",
    ".sh", ".sql", ".tex", ".text", ".toml", ".ts", ".tsv", ".txt", ".yaml", ".yml",
})
# fmt: on
"""Kinds of text in which HTML's escapes would be wrong."""

_MAX_LENGTH = 1_000_000
"""Length of what a multiplication in the sandbox may make: a page is shorter, and a memory is larger."""

_MAX_BITS = 10_000
"""Size of a power in the sandbox: some 3,000 digits."""

_HUGE_PLACE = re.compile(r"%(?:\([^)]*\))?[-#0+ ]*(?:\*|[0-9]{7}|[0-9]*\.(?:\*|[0-9]{7}))")
"""A `%` place whose width or precision has seven digits, more than `_MAX_LENGTH`, or is an argument."""


def escapes_by_name(template_name: str | None) -> bool:
    """Tell whether a template's values are escaped for HTML: all are, except in files of plain text.

    Text without a file and names without a known suffix are escaped: a page with `&amp;` in the wrong place
    is a blemish, one without it a hole.

    Example:
        >>> [escapes_by_name(name) for name in ("a.html", "a.svg.j2", "mail.txt.jinja", "page", None)]
        [True, True, False, True, True]
    """
    if template_name is None:
        return True
    name = template_name.lower()
    for suffix in _TEMPLATE_SUFFIXES:
        if name.endswith(suffix):
            name = name[: -len(suffix)]
            break
    dot = name.rfind(".")
    return dot < 0 or name[dot:] not in _PLAIN_TEXT


def refuse_coroutines(value: object) -> object:
    """Return a value that is about to be written, unless it is a coroutine that nobody awaited.

    Raises:
        RenderError: It is one; its address in the page would help nobody.
    """
    if type(value) is CoroutineType:
        value.close()
        raise RenderError(
            f"the coroutine {value.__qualname__}() was not awaited; "
            "render templates that call coroutine functions with render_async"
        )
    return value


def finalizer(own: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """Return what is done to every value before it is written: the user's function, then the check above."""
    if own is None:
        return refuse_coroutines
    return lambda value: refuse_coroutines(own(value))


class _Explained(jinja2.Environment):
    """An environment whose errors are those of `areion_engine.errors`."""

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """Raise the exception being handled as one that names template and line."""
        error = sys.exc_info()[1]
        frames = _Frames(error.__traceback__ if error is not None else None)
        try:
            super().handle_exception(source)
        except EngineError as rewritten:
            raise _completed(rewritten, frames) from rewritten.__cause__
        except jinja2.TemplateSyntaxError as rewritten:
            raise _syntax_error(rewritten, source).with_traceback(rewritten.__traceback__) from None
        except jinja2.TemplateNotFound as rewritten:
            raise self._not_found(rewritten, frames).with_traceback(rewritten.__traceback__) from None
        except jinja2.TemplateError as rewritten:
            raise _render_error(rewritten, frames).with_traceback(rewritten.__traceback__) from None
        except Exception as rewritten:
            if frames.own_fault:
                reason = f"{type(rewritten).__name__}: {rewritten}"
                raise RenderError(reason, frames.template, frames.line) from rewritten
            if frames.template is not None:
                rewritten.add_note(f"while rendering template {frames.template!r}, line {frames.line}")
            raise

    def _not_found(self, error: jinja2.TemplateNotFound, frames: _Frames) -> TemplateNotFoundError:
        names = [str(name) for name in error.templates]
        loader = self.loader
        missing = (
            loader.not_found(names) if isinstance(loader, SearchLoader) else TemplateNotFoundError(names, ())
        )
        return missing if frames.template is None else missing.asked_for_by(frames.template, frames.line)


class PlainEnvironment(_Explained):
    """For templates that the program's own authors wrote."""


class SandboxedEnvironment(_Explained, sandbox.ImmutableSandboxedEnvironment):
    """For templates of strangers: no internals, no changes to what they are given, bounded arithmetic."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply, raise to a power or fill in `%` places, unless the result would be enormous.

        Raises:
            SecurityError: It would be.
        """
        if operator == "**":
            if (
                isinstance(left, int)
                and isinstance(right, int)
                and left.bit_length() * abs(right) > _MAX_BITS
            ):
                raise SecurityError(f"a power of more than {_MAX_BITS} bits is not allowed in the sandbox")
        elif operator == "%":
            places = left.decode("latin-1") if isinstance(left, bytes) else left
            if isinstance(places, str) and _HUGE_PLACE.search(places):
                raise SecurityError(f"a `%` place wider than {_MAX_LENGTH} is not allowed in the sandbox")
        else:
            for value, times in ((left, right), (right, left)):
                if hasattr(value, "__len__") and isinstance(times, int) and len(value) * times > _MAX_LENGTH:
                    raise SecurityError(
                        f"a repetition to more than {_MAX_LENGTH} items is not allowed in the sandbox"
                    )
        return super().call_binop(context, operator, left, right)


class _Frames:
    """What a traceback, before Jinja rewrites it, says of the templates it went through.

    Attributes:
        template: The name of the innermost template, or `None` if there is none.
        line: The line in it.
        own_fault: Whether the template itself, or Jinja on its behalf, raised: no other code lies further in.
    """

    def __init__(self, trace: TracebackType | None) -> None:
        self.template: str | None = None
        self.line = 0
        self.own_fault = False
        while trace is not None:
            names = trace.tb_frame.f_globals
            template = names.get("__jinja_template__")
            if template is not None:
                self.template = template.name or "<string>"
                self.line = template.get_corresponding_lineno(trace.tb_lineno)
                self.own_fault = True
            else:
                module = str(names.get("__name__", ""))
                self.own_fault = self.template is not None and module.partition(".")[0] in _ENGINE_PACKAGES
            trace = trace.tb_next


_ENGINE_PACKAGES = frozenset({"jinja2", "markupsafe", "areion_engine"})


def _syntax_error(error: jinja2.TemplateSyntaxError, source: str | None) -> TemplateSyntaxError:
    lines = source.splitlines() if source is not None else []
    text = lines[error.lineno - 1].strip() if 0 < error.lineno <= len(lines) else None
    return TemplateSyntaxError(
        error.message or "", error.lineno, error.name or "<string>", error.filename, text
    )


def _render_error(error: jinja2.TemplateError, frames: _Frames) -> RenderError:
    reason = error.message or type(error).__name__
    if isinstance(error, jinja2.UndefinedError):
        return UndefinedError(reason, frames.template, frames.line)
    if isinstance(error, JinjaSecurityError):
        return SecurityError(reason, frames.template, frames.line)
    return RenderError(reason, frames.template, frames.line)


def _completed(error: EngineError, frames: _Frames) -> EngineError:
    """Return an error of ours with the place where it happened, if it was raised without it."""
    if error.template is not None or frames.template is None:
        return error
    if isinstance(error, TemplateNotFoundError):
        return error.asked_for_by(frames.template, frames.line).with_traceback(error.__traceback__)
    if isinstance(error, RenderError):
        reason = str(error.args[0]) if error.args else ""
        return type(error)(reason, frames.template, frames.line).with_traceback(error.__traceback__)
    return error
