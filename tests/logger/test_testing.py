import io
import logging

from areion_logger import BaseLogger, Logger, bind_context
from areion_logger.testing import LoggerContract, MemoryLogger


class TestLoggerOnAStream(LoggerContract):
    """The default logger keeps its own contract, with lines for people."""

    format = "console"

    def make_logger(self):
        self.stream = io.StringIO()
        return Logger(
            log_level="DEBUG", name=f"contract.{id(self.stream)}", stream=self.stream, format=self.format
        )

    def written(self, logger):
        return self.stream.getvalue()


class TestLoggerInJson(TestLoggerOnAStream):
    """The default logger keeps its own contract, with lines for programs."""

    format = "json"


class TestMemoryLogger(LoggerContract):
    """The double keeps the contract as well."""

    def make_logger(self):
        return MemoryLogger()

    def written(self, logger):
        return "\n".join(f"{record}{record.exception or ''}" for record in logger.records)


class Stranger(BaseLogger):
    """An implementation of somebody else's: five methods of one argument over a list."""

    def __init__(self):
        self.lines = []

    def _keep(self, message):
        self.lines.append(" ".join(message.splitlines()))

    debug = info = warning = error = critical = _keep


class TestStranger(LoggerContract):
    """The contract can be kept by five methods that take the message alone."""

    def make_logger(self):
        return Stranger()

    def written(self, logger):
        return "\n".join(logger.lines)


def test_the_contract_catches_a_forgeable_log():
    """A logger that writes what it is given, line ends and all, fails the contract."""

    class Naive(Stranger):
        def _keep(self, message):
            self.lines.append(message)

        debug = info = warning = error = critical = _keep

    class Contract(TestStranger):
        __test__ = False

        def make_logger(self):
            return Naive()

    try:
        Contract().test_a_message_cannot_forge_a_line()
    except AssertionError:
        return
    raise AssertionError("the contract let it pass")


def test_memory_logger_keeps_what_a_test_asks_for():
    """Level, message, fields, context and exception of each call can be looked at."""
    logger = MemoryLogger(limit=2)
    logger.debug("dropped by the limit")
    with bind_context(request_id="r"):
        logger.info("sold %d", 3, customer="Ada", extra={"shelf": 1})
    try:
        raise ValueError("bad")
    except ValueError:
        logger.exception("failed")
    first, second = logger.records
    assert (first.level, first.message) == ("INFO", "sold 3")
    assert first.fields == {"request_id": "r", "shelf": 1, "customer": "Ada"}
    assert second.exception.endswith("ValueError: bad")
    assert logger.messages() == ["sold 3", "failed"]
    assert logger.messages(logging.ERROR) == ["failed"]
    logger.close()
    assert logger.closed
