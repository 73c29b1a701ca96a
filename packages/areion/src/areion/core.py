"""Request, response, server and errors under the predecessor's name; they live in areion-http."""

from areion_http import (
    HTTP_STATUS_CODES,
    BadRequestError,
    ForbiddenError,
    HttpError,
    HttpResponse,
    HttpServer,
    InternalServerError,
    MethodNotAllowedError,
    NotFoundError,
    UnauthorizedError,
)

from areion.request import HttpRequest, HttpRequestFactory

__all__ = [
    "HTTP_STATUS_CODES",
    "BadRequestError",
    "ForbiddenError",
    "HttpError",
    "HttpRequest",
    "HttpRequestFactory",
    "HttpResponse",
    "HttpServer",
    "InternalServerError",
    "MethodNotAllowedError",
    "NotFoundError",
    "UnauthorizedError",
]
