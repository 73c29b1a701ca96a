"""Jinja2 templates with safe defaults for web services.

What needs Jinja2 is imported when it is first asked for: a server without templates does not pay for it.
"""

from typing import TYPE_CHECKING

from areion_engine.__about__ import __version__
from areion_engine.base import BaseEngine

if TYPE_CHECKING:
    from areion_engine.engine import Engine
    from areion_engine.errors import (
        EngineError,
        RenderError,
        SecurityError,
        TemplateNotFoundError,
        TemplateSyntaxError,
        UndefinedError,
    )

__all__ = [
    "BaseEngine",
    "Engine",
    "EngineError",
    "RenderError",
    "SecurityError",
    "TemplateNotFoundError",
    "TemplateSyntaxError",
    "UndefinedError",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from areion_engine import engine, errors

    found: object = getattr(engine if name == "Engine" else errors, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
