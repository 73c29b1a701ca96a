import gc
import io
import json
import logging
import logging.config
import os

import pytest
from areion_logger import ConsoleFormatter, JsonFormatter, LogHandler, bind_context
from areion_logger.handler import make_formatter


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def handler(stream):
    made = LogHandler(stream=stream, format="json")
    yield made
    made.dispose()


def log(handler, message="m", level=logging.INFO, **extra):
    record = logging.LogRecord("n", level, "", 0, message, (), None)
    record.__dict__.update(extra)
    return handler.handle(record)


def test_records_are_written(handler, stream):
    """A record is written with context and extra fields, by the handler's format."""
    with bind_context(request_id="r"):
        log(handler, user=5)
    handler.flush()
    written = json.loads(stream.getvalue())
    assert (written["message"], written["request_id"], written["user"]) == ("m", "r", 5)


def test_filters_are_asked(handler, stream):
    """A filter may refuse a record, or put another in its place (Python 3.12)."""
    handler.addFilter(lambda record: record.getMessage() != "no")
    assert log(handler, "no") is False
    assert log(handler, "yes") is True
    handler.flush()
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["yes"]


def test_any_formatter_may_be_set(handler, stream):
    """A formatter of the standard library is given records with the message made, and context fields on them."""
    handler.setFormatter(logging.Formatter("<%(levelname)s %(message)s %(request_id)s>"))
    with bind_context(request_id="r"):
        log(handler, "a\nb")
    handler.flush()
    assert stream.getvalue() == "<INFO a\n    | b r>\n"
    handler.setFormatter(None)
    assert isinstance(handler.formatter, ConsoleFormatter)


def test_close_does_not_end_it(handler, stream):
    """`dictConfig` closes every handler there is, also those that stay on their loggers: they must go on."""
    log(handler, "before")
    handler.close()
    assert "before" in stream.getvalue()
    log(handler, "after")
    handler.flush()
    assert "after" in stream.getvalue()


def test_release_gives_the_file_back(tmp_path):
    """After `dispose`, and also when a handler is forgotten, its file is closed."""

    def open_files():
        return {
            os.readlink(f"/proc/self/fd/{fd}")
            for fd in os.listdir("/proc/self/fd")
            if fd.isdigit() and exists(fd)
        }

    def exists(fd):
        return os.path.lexists(f"/proc/self/fd/{fd}")

    for end in (lambda handlers: handlers[0].dispose(), lambda handlers: handlers.clear()):
        handlers = [LogHandler(tmp_path / "app.log")]
        assert str(tmp_path / "app.log") in open_files()
        end(handlers)
        gc.collect()
        assert str(tmp_path / "app.log") not in open_files()


def test_it_is_named_in_a_dict_config(tmp_path):
    """`dictConfig` makes it by its class, with its arguments, level and filters."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {
                "file": {
                    "class": "areion_logger.LogHandler",
                    "log_file": str(tmp_path / "app.log"),
                    "format": "json",
                    "level": "INFO",
                    "max_bytes": 1000,
                },
            },
            "loggers": {"configured": {"handlers": ["file"], "level": "DEBUG", "propagate": False}},
        }
    )
    logger = logging.getLogger("configured")
    [handler] = logger.handlers
    try:
        logger.debug("no")
        logger.info("yes")
        assert handler.wait(30)
        assert [json.loads(line)["message"] for line in (tmp_path / "app.log").read_text().splitlines()] == [
            "yes"
        ]
    finally:
        logger.removeHandler(handler)
        handler.dispose()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "colour", "expected"),
    [
        (Terminal(), {}, None, True),
        (Terminal(), {"NO_COLOR": "1"}, None, False),
        (Terminal(), {"NO_COLOR": ""}, None, True),
        (Terminal(), {"TERM": "dumb"}, None, False),
        (Terminal(), {"NO_COLOR": "1"}, True, True),
        (Terminal(), {}, False, False),
        (io.StringIO(), {}, None, False),
        (io.StringIO(), {}, True, True),
        (object(), {}, None, False),
        (None, {}, None, False),
    ],
)
def test_colour(monkeypatch, stream, variables, colour, expected):
    """By itself, only a terminal is coloured, and not against its user's wish; whoever asks for it gets it."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert make_formatter("console", colour, stream).colour is expected


def test_formats():
    """There are two formats by name."""
    assert isinstance(make_formatter("json", None, None), JsonFormatter)
    assert isinstance(make_formatter(None, None, None), ConsoleFormatter)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"format": "xml"}, "format: expected 'console' or 'json', got 'xml'"),
        ({"queue_size": 0}, "queue_size: .*at least 1, got 0"),
        ({"queue_size": "9"}, "queue_size: .*got '9'"),
        ({"max_bytes": 10}, "max_bytes and when: only a file"),
        ({"level": "loud"}, "level: unknown level 'loud'"),
        ({"log_file": "x", "stream": "stdout"}, "give one of them"),
    ],
)
def test_wrong_arguments_are_named(arguments, said):
    """What cannot be meant is refused when the handler is made."""
    with pytest.raises(ValueError, match=said):
        LogHandler(**arguments)
