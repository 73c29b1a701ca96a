import io
import logging

from areion_logger import ConsoleFormatter
from areion_logger._output import Output, missing
from areion_logger._sinks import StreamSink


def test_errors_have_a_reserve():
    """Below ERROR the limit holds; from ERROR on there is a quarter more, and at least 16."""
    output = Output(StreamSink(io.StringIO()), ConsoleFormatter(), 100)
    for waiting, info, error in (
        (99, True, True),
        (100, False, True),
        (124, False, True),
        (125, False, False),
    ):
        output.waiting = waiting
        assert (output.admits(logging.INFO), output.admits(logging.ERROR)) == (info, error)
    small = Output(output.sink, output.formatter, 4)
    small.waiting = 19
    assert small.admits(logging.CRITICAL)
    assert not small.admits(logging.WARNING)


def test_what_is_missing_is_said_in_words_and_numbers():
    """The line has both counts, for people and as fields."""
    entry = missing(3, 10, 2)
    assert entry.message == (
        "3 records were dropped, as 10 were waiting to be written; "
        "2 records were lost, as they could not be written"
    )
    assert dict(entry.fields) == {"dropped": 3, "lost": 2}
    assert (entry.level, entry.logger) == ("WARNING", "areion.logger")
