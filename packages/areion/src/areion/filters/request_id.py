"""A name for every request: on the request, on the response, and in every line that is logged meanwhile."""

from __future__ import annotations

import re
import secrets
from typing import Final

from areion_http import HttpRequest, HttpResponse
from areion_http.headers import check_name
from areion_logger import bind_context

from areion.filters._fields import expect_bool
from areion.filters.base import ResponseFilter

# What may pass through logs and headers without harm; longer values would swell every line.
_VALID: Final = re.compile(r"[0-9A-Za-z._:/+=@\-]{1,128}\Z")


class RequestIdFilter(ResponseFilter):
    """Gives each request an id: ``request.metadata["request_id"]``.

    Args:
        header: Field that carries the id, in and out.
        accept: Take the id that a client or proxy sends, if it is harmless; else always make one.

    Raises:
        ValueError: If ``header`` is no field name, or ``accept`` no bool.
    """

    def __init__(self, header: str = "X-Request-ID", *, accept: bool = True) -> None:
        self.header = check_name(header)
        self.accept = expect_bool("accept", accept)

    def before(self, request: HttpRequest) -> None:
        """Take or make the id, and bind it to the context of the request."""
        given = request.headers.get(self.header) if self.accept else None
        request_id = given if given is not None and _VALID.match(given) else secrets.token_hex(16)
        request.metadata["request_id"] = request_id
        bind_context(request_id=request_id)

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Put the id on the response."""
        response.set_header(self.header, request.metadata["request_id"])
        return response
