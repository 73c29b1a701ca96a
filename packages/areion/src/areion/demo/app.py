"""A guest book, small enough to read in one go.

Entries live in memory, at most a hundred. A background task counts their words, as something slower might be
done after the response; a cron job keeps the time of its last run.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from areion_engine import Engine
from areion_http import BadRequestError, HttpResponse, NotFoundError, create_json_response
from areion_orchestrator import Orchestrator
from areion_router import Router

from areion.builder import AreionServerBuilder
from areion.request import HttpRequest
from areion.server import AreionServer

_TEMPLATES: Final = Path(__file__).with_name("templates")
_MOST_ENTRIES: Final = 100
_LONGEST_TEXT: Final = 1000
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": _LONGEST_TEXT}
_ENTRY_SCHEMA: Final = {
    "type": "object",
    "properties": {"name": _TEXT, "text": _TEXT},
    "required": ["name", "text"],
}


@dataclass(slots=True)
class Entry:
    """One entry of the guest book."""

    id: int
    name: str
    text: str
    words: int | None = None


@dataclass(slots=True)
class GuestBook:
    """The entries, and what the background work has found."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=_MOST_ENTRIES))
    last_tick: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0

    def add(self, name: str, text: str) -> Entry:
        """Keep an entry; the oldest goes when there are too many."""
        with self.lock:
            self.count += 1
            entry = Entry(self.count, name, text)
            self.entries.append(entry)
        return entry

    def count_words(self, entry: Entry) -> None:
        """Count the words of an entry: the background task."""
        entry.words = len(entry.text.split())

    def tick(self) -> None:
        """Keep the time: the cron job."""
        self.last_tick = datetime.now(UTC)


def build_demo(host: str = "127.0.0.1", port: int = 8080, *, development: bool = False) -> AreionServer:
    """Return the demonstration's server.

    Args:
        host: Name or address to listen on.
        port: Port to listen on; 0 picks a free one.
        development: Serve its API documentation too, at ``/docs``.
    """
    orchestrator = Orchestrator()
    book = GuestBook()
    orchestrator.schedule_cron_task(book.tick, {"second": "*/10"})
    return (
        AreionServerBuilder()
        .with_host(host)
        .with_port(port)
        .with_development_mode(development)
        .with_router(_routes(book))
        .with_engine(Engine(_TEMPLATES))
        .with_orchestrator(orchestrator)
        .with_info("Guest book", description="The demonstration of Areion.")
        .build()
    )


def _routes(book: GuestBook) -> Router:
    router = Router()

    @router.get("/")
    def home(request: HttpRequest) -> HttpResponse:
        """Show the guest book as a page."""
        return request.render_template("book.html", {"entries": list(book.entries), "tick": book.last_tick})

    @router.get("/hello/:name")
    async def hello(request: HttpRequest, name: str) -> dict[str, str]:  # noqa: ARG001 - every handler gets it
        """Greet somebody."""
        return {"hello": name}

    api = router.group("/api/entries")

    @api.get("/")
    def list_entries(request: HttpRequest) -> list[Entry]:  # noqa: ARG001 - as above
        """List all entries, the oldest first."""
        return list(book.entries)

    @api.get("/:id<int>")
    def show_entry(request: HttpRequest, id: int) -> Entry:  # noqa: ARG001 - as above
        """Show one entry.

        Raises:
            NotFoundError: If there is none of this number.
        """
        for entry in book.entries:
            if entry.id == id:
                return entry
        raise NotFoundError(f"there is no entry {id}")

    @api.post("/", request_body=_ENTRY_SCHEMA, responses={201: Entry})
    def add_entry(request: HttpRequest) -> HttpResponse:
        """Add an entry, sent as JSON or as a form.

        Args:
            request: The request, with a name and a text.

        Raises:
            BadRequestError: If one of them is missing.
        """
        name, text = _entry_of(request.get_parsed_body())
        entry = book.add(name, text)
        request.submit_task(book.count_words, entry)
        request.log(f"entry {entry.id} by {entry.name!r}")
        if request.content_type == "application/json":
            return create_json_response(entry, 201)
        return HttpResponse(None, 303, headers={"Location": "/"})

    return router


def _entry_of(data: Any) -> tuple[str, str]:
    if not isinstance(data, dict):
        raise BadRequestError("expected an object or a form with name and text")
    values = tuple(data.get(key) for key in ("name", "text"))
    for key, value in zip(("name", "text"), values, strict=True):
        if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_TEXT:
            raise BadRequestError(f"{key}: expected a text of 1 to {_LONGEST_TEXT} characters")
    return str(values[0]), str(values[1])
