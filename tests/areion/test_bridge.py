"""Loggers of strangers get the records of Areion's parts, once."""

import logging

import pytest
from areion import BaseLogger, DefaultLogger, DefaultRouter
from areion._bridge import LogBridge, needs_bridge


class Lines(BaseLogger):
    """Not built on the standard library's logging."""

    def __init__(self):
        self.lines = []

    def debug(self, message):
        self.lines.append(("debug", message))

    def info(self, message):
        self.lines.append(("info", message))

    def warning(self, message):
        self.lines.append(("warning", message))

    def error(self, message):
        self.lines.append(("error", message))

    def critical(self, message):
        self.lines.append(("critical", message))


class Wrapping(BaseLogger):
    """Built on one of the standard library's loggers."""

    def __init__(self, name):
        self.inner = logging.getLogger(name)
        self.debug, self.info = self.inner.debug, self.inner.info

    def warning(self, message, *args, **kwargs):
        self.inner.warning(message, *args, **kwargs)

    error = critical = debug = info = warning


def failing():
    router = DefaultRouter()
    router.add_route("/fail", lambda request: 1 / 0)
    return router


def test_a_logger_of_its_own_kind_gets_all_records(serve):
    """Start and end, access lines and unhandled errors with traceback, at their levels."""
    lines = Lines()
    served = serve(failing(), lambda b: b.with_logger(lines).with_access_log())
    assert served.http.get("/fail").status_code == 500
    served.close()
    texts = {level: [text for at, text in lines.lines if at == level] for level, _ in lines.lines}
    assert any("listening on" in text for text in texts["info"])
    assert any('"GET /fail HTTP/1.1" 500' in text for text in texts["info"])
    assert "stopped" in texts["info"]
    (error,) = texts["error"]
    assert "Traceback" in error
    assert "ZeroDivisionError" in error


def test_it_is_over_when_the_server_is(serve):
    """Handlers and level of the tree are as before."""
    tree = logging.getLogger("areion")
    before = tree.level, list(tree.handlers)
    served = serve(failing(), lambda b: b.with_logger(Lines()))
    assert len(tree.handlers) == len(before[1]) + 1
    served.close()
    assert (tree.level, list(tree.handlers)) == before


def test_two_servers_with_loggers_of_their_own(serve):
    """The end of one does not silence the other."""
    one, two = Lines(), Lines()
    first = serve(failing(), lambda b: b.with_logger(one))
    second = serve(failing(), lambda b: b.with_logger(two))
    first.close()
    second.http.get("/fail")
    assert any(level == "error" for level, _ in two.lines)
    second.close()
    assert ("info", "stopped") in two.lines


def test_several_bridges_to_one_target():
    """Servers that share a logger do not double its lines; the last to end takes the bridge away."""
    target = Lines()
    first, second = LogBridge(target), LogBridge(target)
    first.attach()
    second.attach()
    logging.getLogger("areion.server").info("both")
    first.detach()
    logging.getLogger("areion.server").info("one")
    second.detach()
    logging.getLogger("areion.server").info("none")
    assert target.lines == [("info", "both"), ("info", "one")]


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        (DefaultLogger(), False),
        (Lines(), True),
        (logging.getLogger("areion"), False),
        (logging.getLogger(), False),
        (logging.getLogger("somebody.else"), True),
        (Wrapping("areion"), False),
        (Wrapping(None), False),
        (Wrapping("somebody.else"), True),
    ],
)
def test_who_needs_it(target, needed):
    """Loggers that the records reach by themselves would write each line twice."""
    assert needs_bridge(target) is needed


def test_a_standard_logger_of_another_name(serve):
    """With a handler of its own it gets the records, once each."""
    kept = []

    class Keeper(logging.Handler):
        def emit(self, record):
            kept.append(record.getMessage())

    mine = logging.getLogger("somebody.else")
    keeper = Keeper()
    mine.addHandler(keeper)
    try:
        serve(failing(), lambda b: b.with_logger(mine)).http.get("/fail")
    finally:
        mine.removeHandler(keeper)
    assert len([text for text in kept if "ZeroDivisionError" in text]) == 1


def test_a_target_that_logs_to_the_tree_itself():
    """It is not called again for its own record."""

    class Echo(Lines):
        def error(self, message):
            super().error(message)
            logging.getLogger("areion.echo").error("again: %s", message)

    echo = Echo()
    bridge = LogBridge(echo)
    bridge.attach()
    try:
        logging.getLogger("areion.test").error("once")
    finally:
        bridge.detach()
    assert echo.lines == [("error", "once")]


def test_a_target_that_raises_harms_nobody(monkeypatch):
    """It is reported in logging's own way."""

    class Broken(Lines):
        def info(self, message):
            raise RuntimeError("disk full")

    reported = []
    bridge = LogBridge(Broken())
    monkeypatch.setattr(bridge, "handleError", reported.append)
    bridge.attach()
    try:
        logging.getLogger("areion.test").info("x")
    finally:
        bridge.detach()
    assert len(reported) == 1
