"""`Engine`: Jinja2 templates with defaults that are safe for a web service.

Strategy: two Jinja environments over the same templates, filters and globals. `render` uses the ordinary one,
which is the faster; the other, which can await, is made when `render_async` is first called.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from types import CoroutineType
from typing import Any

import jinja2
from jinja2.ext import Extension

from areion_engine._bytecode import bytecode_cache_in
from areion_engine._environment import PlainEnvironment, SandboxedEnvironment, escapes_by_name, finalizer
from areion_engine._loading import SearchLoader, as_sequence, dict_source, folder_source, package_source
from areion_engine.base import BaseEngine

DEFAULT_CACHE_SIZE = 400
"""Compiled templates kept. Jinja's own default; the least recently used one goes first."""

_Folder = str | os.PathLike[str]


class Engine(BaseEngine):
    """Render Jinja2 templates from folders, packages or memory.

    Values are escaped for HTML, except in templates whose name says that they are plain text (`.txt`,
    `.json`, `.md` and the like, also with `.j2` or `.jinja` after it).

    Args:
        templates_dir: The folder, or several in the order of search. One that does not exist is an error only
            when a template is not found. `None` for no folder.
        templates: Templates by name, as text; searched before the folders. For tests, and for small programs.
        packages: `"package:folder"`, or several: templates that are installed with a package, searched after
            the folders. Without a folder, it is `templates`.
        loader: Any other Jinja loader, searched last.
        globals: Names that every template knows.
        filters: Filters by name.
        tests: Tests by name, for `is`.
        extensions: Jinja extensions, as classes or import paths.
        autoescape: `True` or `False` for all templates, or a function of the template's name (`None` for
            text). `None`: by name, as above.
        strict: Whether a variable that the context does not have is an error. Otherwise it is empty, but
            using an attribute of it is an error all the same.
        sandboxed: Whether templates are those of strangers: they get no access to Python's internals, cannot
            change what they are given, and cannot make huge values by arithmetic. How long they run, and how
            much they build up in other ways, is not bounded.
        auto_reload: Whether each use of a template looks for a change of its file. `None`: in development
            mode only.
        cache_size: Compiled templates kept in memory; 0 for none, -1 for all.
        bytecode_cache: A folder in which compiled templates survive the process. It is made if need be, and
            must not be writable for everybody, as what is in it is run. Constants are folded into it: empty
            it when filters or `finalize` change.
        encoding: Of the template files.
        trim_blocks: Whether the newline after a block tag is removed.
        lstrip_blocks: Whether blanks before a block tag on its line are removed.
        keep_trailing_newline: Whether the newline at the end of a template is kept.
        finalize: What is done to each value before it is written.

    Raises:
        ValueError: A value that cannot be meant, a package that cannot be imported, or nowhere to search.
        TypeError: A value of the wrong type, named in the message.

    Example:
        >>> engine = Engine(templates={"hello.html": "<p>Hello, {{ name }}!</p>"})
        >>> engine.render("hello.html", {"name": "<b>Ada</b>"})
        '<p>Hello, &lt;b&gt;Ada&lt;/b&gt;!</p>'
    """

    def __init__(
        self,
        templates_dir: _Folder | Sequence[_Folder] | None = "templates",
        *,
        templates: Mapping[str, str] | None = None,
        packages: str | Sequence[str] = (),
        loader: jinja2.BaseLoader | None = None,
        globals: Mapping[str, Any] | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        tests: Mapping[str, Callable[..., Any]] | None = None,
        extensions: Sequence[str | type[Extension]] = (),
        autoescape: bool | Callable[[str | None], bool] | None = None,
        strict: bool = False,
        sandboxed: bool = False,
        auto_reload: bool | None = None,
        cache_size: int = DEFAULT_CACHE_SIZE,
        bytecode_cache: _Folder | None = None,
        encoding: str = "utf-8",
        trim_blocks: bool = False,
        lstrip_blocks: bool = False,
        keep_trailing_newline: bool = False,
        finalize: Callable[[Any], Any] | None = None,
    ) -> None:
        sources = [dict_source(templates)] if templates is not None else []
        sources += [folder_source(folder, encoding) for folder in as_sequence(templates_dir)]
        sources += [package_source(package, encoding) for package in as_sequence(packages)]
        if loader is not None:
            if not isinstance(loader, jinja2.BaseLoader):
                raise TypeError(f"loader: expected a jinja2 loader, got {type(loader).__name__}")
            sources.append((loader, lambda: f"loader {type(loader).__name__}"))
        if not sources:
            raise ValueError(
                "templates_dir, templates, packages and loader: one of them must say where templates are"
            )
        if type(cache_size) is not int or cache_size < -1:
            raise ValueError(f"cache_size: expected an int of at least -1, got {cache_size!r}")
        self._auto_reload = auto_reload
        self._bytecode_folder = bytecode_cache
        environment = SandboxedEnvironment if sandboxed else PlainEnvironment
        self.env: jinja2.Environment = environment(
            loader=SearchLoader(sources),
            autoescape=escapes_by_name if autoescape is None else autoescape,
            undefined=jinja2.StrictUndefined if strict else jinja2.Undefined,
            extensions=extensions,
            auto_reload=bool(auto_reload),
            cache_size=cache_size,
            trim_blocks=trim_blocks,
            lstrip_blocks=lstrip_blocks,
            keep_trailing_newline=keep_trailing_newline,
            finalize=finalizer(finalize),
        )
        """Jinja's environment, for what has no argument here; set it up before the first `render_async`."""
        self.env.globals.update(_named("globals", globals))
        self.env.filters.update(_functions("filters", filters))
        self.env.tests.update(_functions("tests", tests))
        self.env.bytecode_cache = bytecode_cache_in(bytecode_cache, self.env)
        self._async_env: jinja2.Environment | None = None
        self._async_guard = threading.Lock()

    def render(self, template_name: str, context: Mapping[str, object] | None = None) -> str:
        """Return the text of a template filled in with `context`.

        Args:
            template_name: The template's path below its folder, with `/`. It cannot lead out of the folder.
            context: The values for its variables; `None` for none.

        Raises:
            TemplateNotFoundError: There is no such template, or it includes one that does not exist.
            TemplateSyntaxError: It cannot be compiled.
            RenderError: It cannot be filled in, by its own fault.
            TypeError: `context` is not a mapping, or `template_name` not a str.
            Exception: What Python code called by the template raised, with a note of template and line.
        """
        values = _checked(template_name, context)
        return self.env.get_template(template_name).render(values)

    async def render_async(self, template_name: str, context: Mapping[str, object] | None = None) -> str:
        """Return the text of a template that may call coroutine functions; each call is awaited.

        Coroutines among the context's values are awaited first.

        Args:
            template_name: As for `render`.
            context: As for `render`.

        Raises:
            Exception: As `render`.
        """
        values = _checked(template_name, context)
        values = {
            name: await value if type(value) is CoroutineType else value for name, value in values.items()
        }
        return await self._awaiting().get_template(template_name).render_async(values)

    def render_string(self, source: str, context: Mapping[str, object] | None = None) -> str:
        """Return the text of a template given as text, which may include and extend others. It is not cached.

        Args:
            source: The template's text.
            context: As for `render`.

        Raises:
            Exception: As `render`.
        """
        values = _checked(source, context, "source")
        return self.env.from_string(source).render(values)

    def preload(self, accept: Callable[[str], bool] | None = None) -> list[str]:
        """Compile all templates now, so that a mistake in one is found at start and no request waits for it.

        Args:
            accept: Which names; `None` for all.

        Returns:
            The names.

        Raises:
            TemplateSyntaxError: One of them cannot be compiled.
            TypeError: A loader cannot list its templates.
        """
        names = self.env.list_templates(filter_func=accept) if accept else self.env.list_templates()
        for name in names:
            self.env.get_template(name)
        return names

    def set_development(self, on: bool = True) -> None:
        """Look for changed templates at each use if `on`, unless `auto_reload` was given.

        Args:
            on: Whether development mode is on.
        """
        if self._auto_reload is None:
            self.env.auto_reload = on
            with self._async_guard:
                if self._async_env is not None:
                    self._async_env.auto_reload = on

    def _awaiting(self) -> jinja2.Environment:
        """Return the environment whose templates can await: their code is another, and slower."""
        with self._async_guard:
            if self._async_env is None:
                env = self.env.overlay(enable_async=True)
                env.bytecode_cache = bytecode_cache_in(self._bytecode_folder, env)
                self._async_env = env
            return self._async_env


def _checked(template_name: object, context: object, argument: str = "template_name") -> Mapping[str, object]:
    if not isinstance(template_name, str):
        raise TypeError(
            f"{argument}: expected a str, got {template_name!r} of type {type(template_name).__name__}"
        )
    if context is None:
        return {}
    if not isinstance(context, Mapping):
        raise TypeError(f"context for {template_name!r}: expected a mapping, got {type(context).__name__}")
    return context


def _named(argument: str, values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise TypeError(f"{argument}: expected a mapping of names, got {type(values).__name__}")
    return values


def _functions(
    argument: str, values: Mapping[str, Callable[..., Any]] | None
) -> Mapping[str, Callable[..., Any]]:
    named = _named(argument, values)
    for name, function in named.items():
        if not callable(function):
            raise TypeError(f"{argument}: {name!r} is not callable, but {function!r}")
    return named
