"""HTTP/1.1 server in pure Python on asyncio: strict on the wire, bounded by default, fast."""

from areion_http.__about__ import __version__
from areion_http.base import BaseHttpServer
from areion_http.config import HttpConfig
from areion_http.cookies import format_delete_cookie, format_set_cookie, parse_cookies
from areion_http.errors import (
    BadRequestError,
    ClientDisconnectedError,
    ForbiddenError,
    HttpError,
    InternalServerError,
    MethodNotAllowedError,
    NotFoundError,
    PayloadTooLargeError,
    ProtocolError,
    RequestTimeoutError,
    ServiceUnavailableError,
    UnauthorizedError,
    UnsendableError,
)
from areion_http.files import FileBody
from areion_http.forms import FormData, FormLimits, UploadedFile
from areion_http.headers import Headers
from areion_http.listeners import ListenError
from areion_http.request import Client, HttpRequest
from areion_http.response import HttpResponse
from areion_http.responses import (
    create_empty_response,
    create_error_response,
    create_file_response,
    create_html_response,
    create_json_response,
    create_redirect_response,
    create_text_response,
    create_xml_response,
)
from areion_http.server import HttpServer
from areion_http.static import StaticFiles
from areion_http.status import HTTP_STATUS_CODES

__all__ = [
    "HTTP_STATUS_CODES",
    "BadRequestError",
    "BaseHttpServer",
    "Client",
    "ClientDisconnectedError",
    "FileBody",
    "ForbiddenError",
    "FormData",
    "FormLimits",
    "Headers",
    "HttpConfig",
    "HttpError",
    "HttpRequest",
    "HttpResponse",
    "HttpServer",
    "InternalServerError",
    "ListenError",
    "MethodNotAllowedError",
    "NotFoundError",
    "PayloadTooLargeError",
    "ProtocolError",
    "RequestTimeoutError",
    "ServiceUnavailableError",
    "StaticFiles",
    "UnauthorizedError",
    "UnsendableError",
    "UploadedFile",
    "__version__",
    "create_empty_response",
    "create_error_response",
    "create_file_response",
    "create_html_response",
    "create_json_response",
    "create_redirect_response",
    "create_text_response",
    "create_xml_response",
    "format_delete_cookie",
    "format_set_cookie",
    "parse_cookies",
]
