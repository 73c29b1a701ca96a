"""The error tree of the server; an error carries data, not only text.

::

    HttpError (Exception)            becomes the response it describes
    ├── BadRequestError              400
    ├── UnauthorizedError            401
    ├── ForbiddenError               403
    ├── NotFoundError                404
    ├── MethodNotAllowedError        405
    ├── RequestTimeoutError          408
    ├── PayloadTooLargeError         413
    ├── InternalServerError          500
    ├── ServiceUnavailableError      503
    └── ProtocolError                4xx or 5xx: what came over the wire is not HTTP as it must be
    ClientDisconnectedError (ConnectionError)    the peer left before its request was read
    UnsendableError (TypeError)                  a handler returned what cannot be sent

Nothing here knows about sockets or about how a response is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from areion_http.headers import Headers
from areion_http.status import HTTP_STATUS_CODES


class HttpError(Exception):
    """An error that becomes an HTTP response when it is raised in a handler or a middleware.

    A subclass needs only the class attributes ``status_code`` and ``message``:

    >>> class PaymentRequiredError(HttpError):
    ...     status_code = 402
    ...     message = "Please pay first"
    >>> str(PaymentRequiredError())
    '402 Please pay first'

    Args:
        message: The text of the response's body. Default: the class's ``message``, or the registered
            reason phrase when only ``status_code`` is given.
        status_code: 400 to 599. Default: the class's ``status_code``.
        headers: Header fields added to the response.

    Raises:
        ValueError: If the status code is not an error's (400 to 599), or a header field could split the response.
    """

    status_code: int = 500
    message: str = "Internal Server Error"
    headers: Mapping[str, str] | None = None

    _lowest: ClassVar[int] = 400
    _highest: ClassVar[int] = 599

    def __init__(
        self,
        message: str | None = None,
        status_code: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if status_code is not None:
            if type(status_code) is not int or not self._lowest <= status_code <= self._highest:
                raise ValueError(
                    f"status_code: expected an int, {self._lowest} to {self._highest}, got {status_code!r}"
                )
            self.status_code = status_code
            if message is None:
                self.message = HTTP_STATUS_CODES.get(status_code, "Error")
        if message is not None:
            self.message = str(message)
        if headers is not None:
            self.headers = Headers(headers)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.status_code} {self.message}"


class BadRequestError(HttpError):
    """400: the request cannot be understood (RFC 9110 §15.5.1)."""

    status_code = 400
    message = "Bad Request"


class UnauthorizedError(HttpError):
    """401: credentials are missing or wrong; send ``WWW-Authenticate`` in ``headers`` (RFC 9110 §15.5.2)."""

    status_code = 401
    message = "Unauthorized"


class ForbiddenError(HttpError):
    """403: understood and refused (RFC 9110 §15.5.4)."""

    status_code = 403
    message = "Forbidden"


class NotFoundError(HttpError):
    """404: there is nothing under this target (RFC 9110 §15.5.5)."""

    status_code = 404
    message = "Not Found"


class MethodNotAllowedError(HttpError):
    """405: the target exists, the method is not for it; send ``Allow`` in ``headers`` (RFC 9110 §15.5.6)."""

    status_code = 405
    message = "Method Not Allowed"


class RequestTimeoutError(HttpError):
    """408: the client took too long to send its request (RFC 9110 §15.5.9)."""

    status_code = 408
    message = "Request Timeout"


class PayloadTooLargeError(HttpError):
    """413: the content is larger than the server accepts for this target (RFC 9110 §15.5.14)."""

    status_code = 413
    message = "Content Too Large"


class InternalServerError(HttpError):
    """500: the server's own fault (RFC 9110 §15.6.1)."""

    status_code = 500
    message = "Internal Server Error"


class ServiceUnavailableError(HttpError):
    """503: overloaded or stopping; send ``Retry-After`` in ``headers`` (RFC 9110 §15.6.4)."""

    status_code = 503
    message = "Service Unavailable"


class ProtocolError(HttpError):
    """What the peer sent breaks HTTP/1.1; it is answered with ``status_code`` and the connection closes.

    Attributes:
        reason: What is wrong, in a few words with the RFC's section; it is the response's body.
        offset: Where in the message the parser stopped, in bytes from its start.
        excerpt: Up to 32 bytes around the offset.
        to_head: Whether the message is a HEAD request, so that the answer has no content.
    """

    status_code = 400
    message = "Bad Request"

    def __init__(
        self,
        reason: str,
        status_code: int = 400,
        *,
        offset: int = 0,
        excerpt: bytes = b"",
        to_head: bool = False,
    ) -> None:
        super().__init__(reason, status_code)
        self.to_head = to_head
        self.reason = reason
        self.offset = offset
        self.excerpt = excerpt


class ClientDisconnectedError(ConnectionError):
    """The client closed the connection before the body of its request had arrived."""


class UnsendableError(TypeError):
    """A handler returned what cannot be sent; ``on_error`` gets it in place of the response.

    Attributes:
        value: What was returned.
        reason: Why it cannot be sent.
        fault: Type and reason in a few words, for the log.
    """

    def __init__(self, value: object, reason: Exception) -> None:
        self.value = value
        self.reason = reason
        kind = f"a {type(value).__qualname__}"
        if hasattr(value, "status_code") and hasattr(value, "body"):
            kind += f" with a body of type {type(value.body).__qualname__}"
        self.fault = f"{kind} that cannot be sent: {reason}"
        super().__init__(f"the handler returned {self.fault}")
