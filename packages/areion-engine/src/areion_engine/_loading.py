"""Where templates come from: dicts, folders and packages, searched in order, all named if none has it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from jinja2.utils import internalcode

from areion_engine.errors import EngineError, TemplateNotFoundError

_MAX_NAMES = 10_000
"""Names compared for a suggestion. It is done for an error message alone, and must not take long."""


class SearchLoader(jinja2.ChoiceLoader):
    """Loaders asked one after another, each with a function that describes it for an error.

    Args:
        sources: Pairs of loader and description.
    """

    def __init__(self, sources: Sequence[tuple[jinja2.BaseLoader, Callable[[], str]]]) -> None:
        super().__init__([loader for loader, _ in sources])
        self._descriptions = [describe for _, describe in sources]

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Return source, file name and freshness check of the first template of that name.

        Raises:
            TemplateNotFoundError: There is none.
            EngineError: Its file is not text in the engine's encoding.
        """
        try:
            return super().get_source(environment, template)
        except jinja2.TemplateNotFound:
            raise self.not_found([template]) from None
        except UnicodeDecodeError as error:
            raise _undecodable(template, error) from error

    @internalcode
    def load(
        self, environment: jinja2.Environment, name: str, globals: MutableMapping[str, Any] | None = None
    ) -> jinja2.Template:
        """Return the first template of that name, compiled; raises as `get_source` does."""
        try:
            return super().load(environment, name, globals)
        except jinja2.TemplateNotFound:
            raise self.not_found([name]) from None
        except UnicodeDecodeError as error:
            raise _undecodable(name, error) from error

    def not_found(self, names: Sequence[str]) -> TemplateNotFoundError:
        """Return the error for names that no loader knows."""
        return TemplateNotFoundError(
            names, [describe() for describe in self._descriptions], self._hint(names)
        )

    def _hint(self, names: Sequence[str]) -> str:
        known: set[str] = set()
        for loader in self.loaders:
            try:
                known.update(loader.list_templates())
            except TypeError:  # what a loader says that cannot list
                continue
        if len(known) > _MAX_NAMES:
            return ""
        close = [match for name in names for match in difflib.get_close_matches(str(name), known, 1, 0.75)]
        return f"Did you mean {close[0]!r}?" if close else ""


def _undecodable(name: str, error: UnicodeDecodeError) -> EngineError:
    wrong = EngineError(
        f"template {name!r} is not text in {error.encoding}: byte 0x{error.object[error.start]:02x} "
        f"at offset {error.start}"
    )
    wrong.template = name
    return wrong


def folder_source(
    folder: str | os.PathLike[str], encoding: str
) -> tuple[jinja2.BaseLoader, Callable[[], str]]:
    """Return loader and description of a folder, which need not exist yet.

    Raises:
        TypeError: `folder` is not a path.
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"templates_dir: expected a path, got {folder!r} of type {type(folder).__name__}")
    path = Path(folder).absolute()

    def describe() -> str:
        if path.is_dir():
            return f"folder {str(path)!r}"
        return f"folder {str(path)!r} ({'is not a folder' if path.exists() else 'does not exist'})"

    return jinja2.FileSystemLoader(path, encoding=encoding), describe


def package_source(package: str, encoding: str) -> tuple[jinja2.BaseLoader, Callable[[], str]]:
    """Return loader and description of `"package:folder"`, or `"package"` for its `templates`.

    Raises:
        ValueError: There is no such package, or it has no such folder.
        TypeError: `package` is not a str.
    """
    if not isinstance(package, str):
        raise TypeError(
            f"packages: expected 'package:folder', got {package!r} of type {type(package).__name__}"
        )
    name, _, folder = package.partition(":")
    try:
        loader = jinja2.PackageLoader(name, folder or "templates", encoding)
    except ImportError as error:
        raise ValueError(f"packages: cannot import {name!r} for {package!r}: {error}") from error
    except ValueError as error:
        raise ValueError(f"packages: {package!r}: {error}") from error
    return loader, lambda: f"folder {folder or 'templates'!r} of package {name!r}"


def dict_source(templates: Mapping[Any, Any]) -> tuple[jinja2.BaseLoader, Callable[[], str]]:
    """Return loader and description of templates given as text.

    Raises:
        TypeError: `templates` is not a mapping of str to str.
    """
    if not isinstance(templates, Mapping):
        raise TypeError(f"templates: expected a mapping of names to text, got {type(templates).__name__}")
    for name, text in templates.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise TypeError(f"templates: expected names and texts to be str, got {name!r}: {text!r}")
    return jinja2.DictLoader(templates), lambda: f"a mapping of {len(templates)} templates"


def as_sequence(value: object) -> Iterable[Any]:
    """Return one thing, or several, as several; `None` is none."""
    if value is None:
        return ()
    if isinstance(value, (str, bytes, os.PathLike)) or not isinstance(value, Iterable):
        return (value,)
    return value
