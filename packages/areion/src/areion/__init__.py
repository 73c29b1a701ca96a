"""Areion: the fast, strict web server and small framework in pure Python."""

from typing import TYPE_CHECKING

from areion_engine import BaseEngine
from areion_http import (
    HTTP_STATUS_CODES,
    BadRequestError,
    BaseHttpServer,
    ForbiddenError,
    HttpConfig,
    HttpError,
    HttpResponse,
    HttpServer,
    InternalServerError,
    MethodNotAllowedError,
    NotFoundError,
    PayloadTooLargeError,
    ServiceUnavailableError,
    UnauthorizedError,
    create_empty_response,
    create_error_response,
    create_file_response,
    create_html_response,
    create_json_response,
    create_redirect_response,
    create_text_response,
    create_xml_response,
)
from areion_logger import BaseLogger
from areion_logger import Logger as DefaultLogger
from areion_orchestrator import BaseOrchestrator
from areion_orchestrator import Orchestrator as DefaultOrchestrator
from areion_router import BaseMiddleware, BaseRouter
from areion_router import Router as DefaultRouter

from areion.__about__ import __version__
from areion._logo import AREION_LOGO, DEFAULT_HOST, DEFAULT_PORT
from areion.builder import AreionServerBuilder
from areion.filters import ResponseFilter
from areion.request import HttpRequest, HttpRequestFactory
from areion.server import AreionServer

if TYPE_CHECKING:
    from areion_engine import Engine as DefaultEngine

__all__ = [
    "AREION_LOGO",
    "DEFAULT_HOST",
    "DEFAULT_PORT",
    "HTTP_STATUS_CODES",
    "AreionServer",
    "AreionServerBuilder",
    "BadRequestError",
    "BaseEngine",
    "BaseHttpServer",
    "BaseLogger",
    "BaseMiddleware",
    "BaseOrchestrator",
    "BaseRouter",
    "DefaultEngine",
    "DefaultLogger",
    "DefaultOrchestrator",
    "DefaultRouter",
    "ForbiddenError",
    "HttpConfig",
    "HttpError",
    "HttpRequest",
    "HttpRequestFactory",
    "HttpResponse",
    "HttpServer",
    "InternalServerError",
    "MethodNotAllowedError",
    "NotFoundError",
    "PayloadTooLargeError",
    "ResponseFilter",
    "ServiceUnavailableError",
    "UnauthorizedError",
    "__version__",
    "create_empty_response",
    "create_error_response",
    "create_file_response",
    "create_html_response",
    "create_json_response",
    "create_redirect_response",
    "create_text_response",
    "create_xml_response",
]


def __getattr__(name: str) -> object:
    # Jinja2 is a third of what this package costs to import, and many services have no templates.
    if name == "DefaultEngine":
        from areion_engine import Engine

        globals()[name] = Engine
        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
