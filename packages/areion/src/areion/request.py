"""The request as Areion's handlers see it: areion-http's, with templates, tasks and the log at hand.

Components are bound once per server, by a factory that makes a subclass; a request itself carries none of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final

import areion_http
from areion_http.headers import HeadersInit
from areion_http.response import HttpResponse

_LEVELS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception"})


class HttpRequest(areion_http.HttpRequest):
    """A request with the server's components: see ``areion_http.HttpRequest`` for what it says.

    Attributes:
        logger: The server's logger, None outside a server.
        engine: The server's template engine, None without one.
        orchestrator: The server's orchestrator, None without one.

    Args:
        method: For example ``"GET"``.
        path: The path; a query may follow a ``?``.
        headers: Header fields.
        body: The content.
        logger: Used by :meth:`log`.
        engine: Used by :meth:`render_template`.
        orchestrator: Used by :meth:`submit_task`.
    """

    __slots__ = ()

    logger: Any = None
    engine: Any = None
    orchestrator: Any = None

    def __init__(
        self,
        method: str,
        path: str,
        headers: HeadersInit | None = None,
        body: bytes | str | None = b"",
        logger: Any = None,
        engine: Any = None,
        orchestrator: Any = None,
    ) -> None:
        super().__init__(method, path, headers, body)
        for name, component in (("logger", logger), ("engine", engine), ("orchestrator", orchestrator)):
            if component is not None:
                setattr(self, name, component)

    def render_template(self, template_name: str, context: Mapping[str, Any] | None = None) -> HttpResponse:
        """Render a template with the server's engine.

        Args:
            template_name: As the engine finds it, for example ``"home.html"``.
            context: What the template may use.

        Returns:
            An HTML response.

        Raises:
            ValueError: If the server has no engine.
        """
        if self.engine is None:
            raise ValueError("no template engine: build the server with .with_engine(DefaultEngine())")
        return HttpResponse(self.engine.render(template_name, dict(context or {})), content_type="text/html")

    def submit_task(self, task: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``task(*args, **kwargs)`` in the background; the response does not wait for it.

        Returns:
            The future of the task.

        Raises:
            ValueError: If the server has no orchestrator.
        """
        if self.orchestrator is None:
            raise ValueError(
                "no orchestrator: build the server with .with_orchestrator(DefaultOrchestrator())"
            )
        future: Future[Any] = self.orchestrator.submit_task(task, *args, **kwargs)
        return future

    def log(self, message: str, level: str = "info") -> None:
        """Write a line to the server's log.

        Args:
            message: The text.
            level: ``debug``, ``info``, ``warning``, ``error``, ``critical`` or ``exception``, in any case.

        Raises:
            ValueError: If the level is none of these.
        """
        if not isinstance(level, str) or (level := level.lower()) not in _LEVELS:
            raise ValueError(f"level: expected one of {', '.join(sorted(_LEVELS))}, got {level!r}")
        logger = self.logger if self.logger is not None else logging.getLogger("areion")
        getattr(logger, level)(message)

    def as_dict(self, show_components: bool = False) -> dict[str, Any]:
        """Return what the request says as a dict.

        Args:
            show_components: Add logger, engine and orchestrator.
        """
        said = super().as_dict()
        if show_components:
            said.update({name: getattr(self, name) for name in ("logger", "engine", "orchestrator")})
        return said


class HttpRequestFactory:
    """Makes requests that know the components of one server.

    Args:
        logger, engine, orchestrator: What the requests use; None for none.
    """

    def __init__(self, logger: Any = None, engine: Any = None, orchestrator: Any = None) -> None:
        self.logger = logger
        self.engine = engine
        self.orchestrator = orchestrator
        components = {"logger": logger, "engine": engine, "orchestrator": orchestrator}
        self.request_class: type[HttpRequest] = type(
            "HttpRequest",
            (HttpRequest,),
            {"__slots__": (), **components, "__doc__": HttpRequest.__doc__},
        )

    def create(
        self, method: str, path: str, headers: HeadersInit | None = None, body: bytes | str | None = b""
    ) -> HttpRequest:
        """Return a request as if it had come over the wire."""
        return self.request_class(method, path, headers, body)
