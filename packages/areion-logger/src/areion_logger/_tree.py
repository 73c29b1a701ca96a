"""What this package has put on a logger of the standard library, and how several users share it.

Strategy: one `Tree` for each standard logger, found by name. Each user holds some places (the console, a
file) at a level; a place has one handler, at the lowest level of its users, so two users of a place never
double a line. The last user to leave takes everything off again. The root logger, and handlers that others
put on, are never touched.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable

from areion_logger._entry import Entry, presentable
from areion_logger.formatters import EntryFormatter
from areion_logger.handler import LogHandler

_CALL_HANDLERS = logging.Logger.callHandlers if logging.Logger.callHandlers.__module__ == "logging" else None
_MAKE_RECORD = logging.Logger.makeRecord if logging.Logger.makeRecord.__module__ == "logging" else None


def _hooked() -> bool:
    """Tell whether something (error trackers do so) has put itself between `logging` and its handlers."""
    return (
        logging.Logger.callHandlers is not _CALL_HANDLERS
        or logging.Logger.makeRecord is not _MAKE_RECORD
        or logging.getLogRecordFactory() is not logging.LogRecord
    )


_guard = threading.RLock()
_trees: dict[str, Tree] = {}


class Hold:
    """One user's claim on places of a tree."""

    def __init__(self, tree: Tree, level: int, places: tuple[Hashable, ...]) -> None:
        self.tree = tree
        self.level = level
        self.places = places


class Tree:
    """The handlers of one standard logger.

    Args:
        name: The logger's name.
    """

    def __init__(self, name: str) -> None:
        self.logger = logging.getLogger(name)
        self._before = (self.logger.level, self.logger.propagate)
        self._handlers: dict[Hashable, LogHandler] = {}
        self._holds: list[Hold] = []
        self._relay: Relay | None = None
        self._own: list[logging.Handler] = []
        # Replaced, never changed, as other threads go through it while a user comes or goes.
        self._writing: tuple[LogHandler, ...] = ()

    def add(self, handlers: list[tuple[LogHandler, bool]], level: int, *, propagate: bool) -> Hold:
        """Let one more user in.

        Args:
            handlers: A new handler for each place, and whether its format was asked for. Where a place has a
                handler already, that one stays, and takes over a format that was asked for.
            level: The user's level.
            propagate: Whether handlers of the loggers above get the records too.
        """
        places: list[Hashable] = []
        for handler, explicit in handlers:
            place = handler.output.sink.place
            known = self._handlers.get(place)
            if known is None:
                self._handlers[place] = handler
                self.logger.addHandler(handler)
            else:
                if explicit:
                    known.setFormatter(handler.formatter)
                known.output.limit = max(known.output.limit, handler.output.limit)
                handler.dispose()
            places.append(place)
        hold = Hold(self, level, tuple(places))
        self._holds.append(hold)
        self.logger.disabled = False
        self.logger.propagate = False
        if propagate and self._relay is None:
            self._relay = Relay(self)
            self.logger.addHandler(self._relay)
        self._note_handlers()
        self.settle()
        return hold

    def settle(self) -> None:
        """Set every level to the lowest that a user asked for."""
        for place, handler in self._handlers.items():
            handler.setLevel(min(hold.level for hold in self._holds if place in hold.places))
        self.logger.setLevel(min(hold.level for hold in self._holds))

    def _note_handlers(self) -> None:
        self._writing = tuple(self._handlers.values())
        own = {*self._writing, self._relay}
        self._own = [handler for handler in self.logger.handlers if handler in own]

    def is_private(self) -> bool:
        """Tell whether a record would be seen by this tree's own handlers alone, so that none need be made.

        PERF: to make a record of `logging` costs more than all the rest of a call. But filters, foreign
        handlers and formatters, record factories, and tools that hook into `logging` are entitled to one.
        """
        logger = self.logger
        if not self._writing or logger.handlers != self._own or logger.filters or _hooked():
            return False
        for handler in self._writing:
            if handler.filters or not isinstance(handler.formatter, EntryFormatter):
                return False
        above = logger.parent if self._relay is not None else None
        while above is not None:
            if above.handlers:
                return False
            above = above.parent if above.propagate else None
        return True

    def write(self, entry: Entry) -> None:
        """Hand an entry to all handlers, as they are on the logger when `is_private()`."""
        for handler in self._writing:
            if entry.number >= handler.level:
                handler.write(entry)

    def handlers(self, places: tuple[Hashable, ...]) -> list[LogHandler]:
        """Return the handlers of some places."""
        return [handler for place, handler in self._handlers.items() if place in places]

    def writes_where(self, handler: logging.Handler) -> bool:
        """Tell whether a handler on another logger writes to a place that this tree writes to."""
        if isinstance(handler, LogHandler):
            return handler.output.sink.place in self._handlers
        return any(own.output.sink.is_target_of(handler) for own in self._writing)

    def remove(self, hold: Hold) -> None:
        """Let a user go, with the handlers that nobody else uses. A second time does nothing."""
        if hold not in self._holds:
            return
        self._holds.remove(hold)
        for place in [
            place for place in self._handlers if not any(place in other.places for other in self._holds)
        ]:
            handler = self._handlers.pop(place)
            self.logger.removeHandler(handler)
            self._note_handlers()
            handler.dispose()
        if self._holds:
            self.settle()
            return
        if self._relay is not None:
            self.logger.removeHandler(self._relay)
        self.logger.level, self.logger.propagate = self._before
        self.logger.setLevel(self._before[0])
        del _trees[self.logger.name]


class Relay(logging.Handler):
    """Pass records on to the handlers of the loggers above, but not to those that would double a line.

    It stands for `propagate`: with that, a program that also has a console handler on the root logger would
    see each line twice; without it, tools that collect records at the root (test fixtures, error trackers)
    would see none.
    """

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self._tree = tree

    def createLock(self) -> None:  # noqa: N802 - the name is logging's
        """Make no lock: the handlers have their own."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Do what `Logger.callHandlers` does, from the parent on upwards."""
        shown: logging.LogRecord | None = None
        above = self._tree.logger.parent
        while above is not None:
            for handler in above.handlers:
                if handler in self._tree.logger.handlers:
                    continue  # somebody (test runners do so) has put it on both: it has the record already
                if record.levelno >= handler.level and not self._tree.writes_where(handler):
                    shown = shown or presentable(record)
                    handler.handle(shown)
            above = above.parent if above.propagate else None
        return True


def hold(name: str, handlers: list[tuple[LogHandler, bool]], level: int, *, propagate: bool) -> Hold:
    """Put handlers on a standard logger for one more user; see `Tree.add`."""
    with _guard:
        tree = _trees.get(name)
        if tree is None:
            tree = _trees[name] = Tree(name)
        return tree.add(handlers, level, propagate=propagate)


def change_level(held: Hold, level: int) -> None:
    """Change the level of one user."""
    with _guard:
        held.level = level
        if held in held.tree._holds:
            held.tree.settle()


def forget(held: Hold) -> None:
    """Keep in force what a user asked for who went without a word, but only once, however many do so."""
    with _guard:
        holds = held.tree._holds
        if any(
            other is not held and (other.level, other.places) == (held.level, held.places) for other in holds
        ):
            held.tree.remove(held)


def release(held: Hold) -> None:
    """Take one user off."""
    with _guard:
        held.tree.remove(held)


def handlers(held: Hold) -> list[LogHandler]:
    """Return the handlers of the places that a user holds."""
    with _guard:
        return held.tree.handlers(held.places)
