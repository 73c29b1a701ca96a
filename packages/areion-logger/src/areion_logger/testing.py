"""The contract of `BaseLogger` as tests that any implementation can inherit, and a logger that remembers.

Strategy: plain asserts in methods that pytest finds in a subclass; nothing here imports a test framework.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from areion_logger._entry import settle
from areion_logger._keywords import split_keywords
from areion_logger._levels import level_number
from areion_logger.base import BaseLogger

_LEVELS = ("debug", "info", "warning", "error", "critical")


class LoggerContract:
    """What every implementation of `BaseLogger` must do. Inherit it in a class that pytest collects.

    Example:
        A test module of a logger called `Printing` says::

            class TestPrinting(LoggerContract):
                def make_logger(self):
                    self.out = io.StringIO()
                    return Printing(self.out)

                def written(self, logger):
                    return self.out.getvalue()
    """

    def make_logger(self) -> BaseLogger:
        """Return a new logger that writes records of every level; the implementer's part."""
        raise TypeError(f"{type(self).__name__} must define make_logger()")

    def written(self, logger: BaseLogger) -> str:  # noqa: ARG002 - a hook
        """Return all that a logger from `make_logger` has written, after a flush; the implementer's part."""
        raise TypeError(f"{type(self).__name__} must define written()")

    def _text(self, logger: BaseLogger) -> str:
        assert logger.flush() is True, "flush() returns True once everything is written"
        return self.written(logger)

    def test_is_a_base_logger(self) -> None:
        """It is a `BaseLogger`."""
        logger = self.make_logger()
        assert isinstance(logger, BaseLogger)
        logger.close()

    def test_each_method_writes_its_message_once(self) -> None:
        """Each of the five methods takes one message, writes it once, and returns nothing."""
        logger = self.make_logger()
        for name in _LEVELS:
            result: object = getattr(logger, name)("message-of-" + name + ".")
            assert result is None, f"{name}() returns None"
        text = self._text(logger)
        for name in _LEVELS:
            assert text.count(f"message-of-{name}.") == 1, f"{name}() writes its message once"
        logger.close()

    def test_keeps_the_order_of_messages(self) -> None:
        """Messages of one thread are written in the order of the calls."""
        logger = self.make_logger()
        for number in range(20):
            message = f"number-{number + 10}."
            logger.info(message)
        text = self._text(logger)
        places = [text.index(f"number-{number + 10}.") for number in range(20)]
        assert places == sorted(places)
        logger.close()

    def test_a_message_without_arguments_is_not_a_format(self) -> None:
        """A percent sign in a message without arguments is only a percent sign."""
        logger = self.make_logger()
        logger.info("100% of %s and %d")
        assert "100% of %s and %d" in self._text(logger)
        logger.close()

    def test_a_message_cannot_forge_a_line(self) -> None:
        """No line of the output begins with what a stranger put into a message after a line's end."""
        logger = self.make_logger()
        for end in ("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"):
            message = f"innocent{end}FORGED"
            logger.info(message)
        assert not [line for line in self._text(logger).splitlines() if line.lstrip().startswith("FORGED")]
        logger.close()

    def test_any_text_can_be_logged(self) -> None:
        """Text of any kind is taken: none, other alphabets, lone surrogates, NUL."""
        logger = self.make_logger()
        for text in ("", "naïve 日本語 🐝", "\ud800", "\0", "x" * 100_000):
            logger.info(text)
        assert logger.flush() is True
        logger.close()

    def test_exception_tells_the_traceback(self) -> None:
        """`exception()` writes the message, and the exception being handled."""
        logger = self.make_logger()
        try:
            raise LookupError("the-reason")
        except LookupError:
            logger.exception("it-failed")
        text = self._text(logger)
        for part in ("it-failed", "Traceback", "LookupError", "the-reason"):
            assert part in text, f"{part!r} is written"
        logger.close()

    def test_log_takes_names_and_numbers(self) -> None:
        """`log()` takes a level's name in any case or its number."""
        logger = self.make_logger()
        logger.log("Warning", "by-name")
        logger.log(logging.ERROR, "by-number")
        text = self._text(logger)
        assert "by-name" in text
        assert "by-number" in text
        logger.close()

    def test_threads_may_share_it(self) -> None:
        """Several threads may use it at a time, and no message is lost or torn."""
        logger = self.make_logger()

        def work(name: int) -> None:
            for number in range(25):
                message = f"thread-{name}-{number}."
                logger.info(message)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        text = self._text(logger)
        assert all(text.count(f"thread-{name}-{number}.") == 1 for name in range(4) for number in range(25))
        logger.close()

    def test_close_flushes_and_may_be_called_twice(self) -> None:
        """`close()` writes what there is, and nothing the second time; to log after it does not raise."""
        logger = self.make_logger()
        logger.info("before-close.")
        logger.close()
        logger.close()
        assert "before-close." in self.written(logger)
        logger.info("after-close.")


@dataclass(frozen=True)
class Logged:
    """One message that a `MemoryLogger` was given.

    Attributes:
        level: The level's name, as `"INFO"`.
        message: The message with its arguments in place.
        fields: What came in `extra`, as further keywords, or was bound to the context.
        exception: The text of the traceback, or `None`.
    """

    level: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)
    exception: str | None = None

    def __str__(self) -> str:
        return f"{self.level} {self.message!r} {dict(self.fields)}"


class MemoryLogger(BaseLogger):
    """A logger that keeps what it is given in `records`, for tests of code that logs.

    Args:
        limit: Records kept; earlier ones go first.

    Example:
        >>> logger = MemoryLogger()
        >>> logger.warning("%d left", 3, shelf="tea")
        >>> logger.records
        [Logged(level='WARNING', message='3 left', fields={'shelf': 'tea'}, exception=None)]
        >>> logger.messages("WARNING")
        ['3 left']
    """

    def __init__(self, limit: int = 10_000) -> None:
        self.limit = limit
        self.records: list[Logged] = []
        self.closed = False

    def messages(self, level: int | str | None = None) -> list[str]:
        """Return the messages of one level, or of all."""
        wanted = None if level is None else logging.getLevelName(level_number(level, "level"))
        return [record.message for record in self.records if wanted is None or record.level == wanted]

    def debug(self, message: str, *args: object, **kwargs: object) -> None:
        """Keep a message of level DEBUG."""
        self._keep(logging.DEBUG, message, args, kwargs)

    def info(self, message: str, *args: object, **kwargs: object) -> None:
        """Keep a message of level INFO."""
        self._keep(logging.INFO, message, args, kwargs)

    def warning(self, message: str, *args: object, **kwargs: object) -> None:
        """Keep a message of level WARNING."""
        self._keep(logging.WARNING, message, args, kwargs)

    def error(self, message: str, *args: object, **kwargs: object) -> None:
        """Keep a message of level ERROR."""
        self._keep(logging.ERROR, message, args, kwargs)

    def critical(self, message: str, *args: object, **kwargs: object) -> None:
        """Keep a message of level CRITICAL."""
        self._keep(logging.CRITICAL, message, args, kwargs)

    def exception(self, message: str, *args: object, **kwargs: object) -> None:
        """Keep a message of level ERROR with the exception being handled."""
        self._keep(logging.ERROR, message, args, {"exc_info": True, **kwargs})

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def _keep(self, level: int, message: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        options = split_keywords(kwargs)
        entry = settle(level, "memory", message, args, options.fields, options.exc_info)
        self.records.append(Logged(entry.level, entry.message, dict(entry.fields), entry.exception_text()))
        del self.records[: -self.limit]
