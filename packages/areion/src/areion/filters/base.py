"""What a response filter is: the outermost ring, which sees every request first and every response last."""

from __future__ import annotations

from typing import Any

from areion_http import HttpRequest, HttpResponse


class ResponseFilter:
    """Looks at every request before it is routed, and at every response, errors included, before it is sent.

    Subclasses override one or both methods. They run on the event loop for every request: they must not
    wait, and what they do is paid by each response.
    """

    def before(self, request: HttpRequest) -> Any | None:  # noqa: ARG002 - a hook
        """Look at a request; return a response, or any body value, to answer it without routing."""
        return None

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # noqa: ARG002 - a hook
        """Return the response to send in place of ``response``: usually the same, with fields added.

        It is called once more for the same request, with the answer to the error, when a file or an iterator
        turns out to be unsendable before its first byte.
        """
        return response
