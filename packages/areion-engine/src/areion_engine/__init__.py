"""Jinja2 templates with safe defaults for web services."""

from areion_engine.__about__ import __version__
from areion_engine.base import BaseEngine
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
