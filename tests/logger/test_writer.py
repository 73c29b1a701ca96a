import asyncio
import io
import logging
import sys
import threading

import pytest
from areion_logger import ConsoleFormatter, _writer
from areion_logger._entry import Entry
from areion_logger._output import Output
from areion_logger._sinks import Sink
from areion_logger._writer import Writer


class Slow(Sink):
    """A place that takes lines only while its gate is open."""

    def __init__(self):
        super().__init__(("slow", id(self)), "slow")
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()
        self.lines = []
        self.error = None
        self.closed = False

    def write(self, lines):
        self.reached.set()
        assert self.gate.wait(30)
        if self.error is not None:
            raise self.error
        self.lines += lines

    def identity(self):
        return None

    def close(self):
        self.closed = True

    def messages(self):
        return [line.split(": ", 1)[1] for line in self.lines]


def entry(message, number=logging.INFO):
    return Entry(0.0, number, logging.getLevelName(number), "n", message)


@pytest.fixture
def writer():
    made = Writer()
    yield made
    assert made.pause(30)


@pytest.fixture
def sink():
    made = Slow()
    yield made
    made.gate.set()


def shut(writer, sink, output):
    """Have the thread wait at the gate, with nothing queued behind it."""
    sink.gate.clear()
    writer.put(output, entry("first"))
    assert sink.reached.wait(30)
    with writer._lock:
        assert not writer._queue


async def test_a_caller_on_an_event_loop_never_waits(writer, sink):
    """While the disk hangs, a full queue drops what is below ERROR, then the errors, and no call waits."""
    output = Output(sink, ConsoleFormatter(), 10)
    shut(writer, sink, output)
    for number in range(40):
        writer.put(output, entry(f"info{number}"))
    for number in range(40):
        writer.put(output, entry(f"error{number}", logging.ERROR))
    assert output.dropped == 31 + 24
    sink.gate.set()
    assert await asyncio.to_thread(writer.flush, 30)
    writer.put(output, entry("later"))
    assert await asyncio.to_thread(writer.flush, 30)
    messages = sink.messages()
    assert messages[:10] == ["first"] + [f"info{n}" for n in range(9)]
    assert messages[10:26] == [f"error{n}" for n in range(16)]
    assert "later" in messages
    [notice] = [message for message in messages if "dropped" in message]
    assert notice.startswith("55 records were dropped, as 10 were waiting to be written")
    assert output.dropped == 0


def test_a_plain_thread_waits_a_little_before_its_records_are_dropped(writer, sink):
    """Off the loop a full queue is waited for once; while it does not move, records are dropped at once."""
    output = Output(sink, ConsoleFormatter(), 2)
    shut(writer, sink, output)
    writer.put(output, entry("a"))
    opener = threading.Timer(0.02, sink.gate.set)
    opener.start()
    for number in range(5):
        writer.put(output, entry(str(number)))
    opener.join()
    assert writer.flush(30)
    assert sink.messages() == ["first", "a", "0", "1", "2", "3", "4"]


def test_a_plain_thread_waits_once_for_a_disk_that_hangs(writer, sink, monkeypatch):
    """A hanging disk costs a thread one wait, not one for each record."""
    monkeypatch.setattr(_writer, "_PATIENCE", 0.01)
    output = Output(sink, ConsoleFormatter(), 1)
    shut(writer, sink, output)
    writer.put(output, entry("a"))
    writer.put(output, entry("b"))
    assert output.stalled
    writer.put(output, entry("c"))
    assert output.dropped == 3
    sink.gate.set()
    assert writer.flush(30)
    assert not output.stalled


def test_no_line_is_lost_though_callers_are_faster(writer, sink):
    """Threads that log as fast as they can, through a small queue, lose nothing."""
    output = Output(sink, ConsoleFormatter(), 50)
    threads = [
        threading.Thread(target=lambda n=n: [writer.put(output, entry(f"{n}-{i}")) for i in range(500)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush(30)
    messages = sink.messages()
    assert len(messages) == 2000
    for n in range(4):
        assert [m for m in messages if m.startswith(f"{n}-")] == [f"{n}-{i}" for i in range(500)]


async def test_records_dropped_during_the_last_batch_are_told_of(writer, sink):
    """What is dropped while nothing else waits is told of at once, not with the next record."""
    output = Output(sink, ConsoleFormatter(), 1)
    shut(writer, sink, output)
    writer.put(output, entry("too much"))
    sink.gate.set()
    assert await asyncio.to_thread(writer.pause, 30)
    assert sink.messages()[0] == "first"
    assert sink.messages()[1].startswith("1 records were dropped")
    assert len(sink.lines) == 2


async def test_memory_is_bounded_by_characters_too(writer, sink):
    """A few enormous records fill the queue as many small ones do."""
    output = Output(sink, ConsoleFormatter(), 1000)
    shut(writer, sink, output)
    huge = entry("x" * 1024 * 1024)
    for _ in range(100):
        writer.put(output, huge)
    assert output.dropped == 100 - 64
    sink.gate.set()
    assert await asyncio.to_thread(writer.flush, 30)
    assert writer._weight == 0


def test_outputs_have_their_own_share(writer):
    """One output that overflows takes no room from another."""
    hanging, other = Slow(), Slow()
    first = Output(hanging, ConsoleFormatter(), 1)
    second = Output(other, ConsoleFormatter(), 100)
    shut(writer, hanging, first)

    async def burst():
        for number in range(50):
            writer.put(first, entry(str(number)))
            writer.put(second, entry(str(number)))

    asyncio.run(burst())
    assert (first.dropped, second.dropped) == (50, 0)
    hanging.gate.set()
    assert writer.flush(30)
    assert len(other.lines) == 50


def test_a_place_that_fails_is_told_of_on_stderr_and_counted(writer, sink, monkeypatch):
    """Errors of a disk are said once on standard error; when it works again, its log says what is missing."""
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    output = Output(sink, ConsoleFormatter(), 10)
    sink.error = OSError(28, "No space left on device")
    for text in "ab":
        writer.put(output, entry(text))
        assert writer.flush(30)
    sink.error = None
    writer.put(output, entry("c"))
    assert writer.flush(30)
    assert sink.messages()[0] == "c"
    assert sink.messages()[1].startswith("2 records were lost, as they could not be written")
    [line] = stderr.getvalue().splitlines()
    assert "cannot write to slow: OSError(28, 'No space left on device')" in line


def test_a_place_that_fails_while_stderr_is_closed_kills_nothing(writer, sink, monkeypatch):
    """With nowhere left to complain, the thread goes on."""
    stderr = io.StringIO()
    stderr.close()
    monkeypatch.setattr(sys, "stderr", stderr)
    output = Output(sink, ConsoleFormatter(), 10)
    sink.error = ValueError("I/O operation on closed file")
    writer.put(output, entry("a"))
    assert writer.flush(30)
    sink.error = None
    writer.put(output, entry("b"))
    assert writer.flush(30)
    assert sink.messages()[0] == "b"


def test_a_formatter_that_raises_does_not_lose_the_record(writer, sink):
    """The record is written as the console would, with a note."""

    class Broken(logging.Formatter):
        def format(self, record):
            raise ZeroDivisionError("oops")

    made = entry("m")
    made.record = logging.LogRecord("n", 20, "", 0, "m", (), None)
    writer.put(Output(sink, Broken(), 10), made)
    assert writer.flush(30)
    assert sink.messages() == ["m [the formatter raised ZeroDivisionError('oops')]"]


def test_flush_tells_when_time_is_up(writer, sink):
    """A flush waits no longer than it is told to, and says that it did not succeed."""
    output = Output(sink, ConsoleFormatter(), 10)
    shut(writer, sink, output)
    assert writer.flush(0.01) is False
    sink.gate.set()
    assert writer.flush(30) is True


def test_flush_without_anything_to_do(writer):
    """A writer that never wrote has no thread, and nothing to wait for."""
    assert writer.flush(0) is True
    assert writer._thread is None


@pytest.mark.parametrize("thread", [True, False])
def test_logging_from_the_writing_itself_has_an_end(writer, sink, monkeypatch, thread):
    """A formatter or stream that logs what it does comes to no harm: its own records are dropped, and counted."""
    if not thread:
        monkeypatch.setattr(writer, "_start", lambda: False)
    output = Output(sink, ConsoleFormatter(), 10)

    class Chatty(ConsoleFormatter):
        def render(self, made):
            writer.put(output, entry("from the formatter"))
            assert writer.flush(30) is False
            return super().render(made)

    writer.put(Output(sink, Chatty(), 10), entry("m"))
    assert writer.flush(30)
    writer.put(output, entry("end"))
    assert writer.flush(30)
    assert sink.messages()[:2] == ["m", "end"]
    assert sink.messages()[2].startswith("1 records were dropped")


def test_a_record_with_an_impossible_time_is_written(writer, sink):
    """A record from elsewhere whose time cannot be written has its line all the same."""
    made = entry("m")
    made.created = 1e300
    writer.put(Output(sink, ConsoleFormatter(), 10), made)
    assert writer.flush(30)
    assert sink.messages()[0].startswith("m [the formatter raised OverflowError")


def test_the_thread_ends_on_pause_and_starts_again(writer, sink):
    """After a pause there is no thread, until the next record."""
    output = Output(sink, ConsoleFormatter(), 10)
    writer.put(output, entry("a"))
    assert writer.pause(30)
    assert sink.messages() == ["a"]
    assert writer._thread is None
    writer.put(output, entry("b"))
    assert writer.flush(30)
    assert sink.messages() == ["a", "b"]


def test_after_the_end_the_caller_writes(sink):
    """What is logged after the process has begun to end is written at once."""
    writer = Writer()
    output = Output(sink, ConsoleFormatter(), 10)
    writer.put(output, entry("a"))
    writer.finish()
    writer.put(output, entry("b"))
    assert sink.messages() == ["a", "b"]
    assert writer._thread is None


def test_where_no_thread_can_be_had_the_caller_writes(writer, sink, monkeypatch):
    """At the limit of threads, or in an interpreter that is ending, nothing is lost."""

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    output = Output(sink, ConsoleFormatter(), 10)
    writer.put(output, entry("a"))
    assert sink.messages() == ["a"]
    assert writer.flush(1) is True


def test_a_sink_is_closed_when_nobody_uses_it(writer, sink, monkeypatch):
    """A place is closed between writes; one that hangs is left open, rather than waited for."""
    monkeypatch.setattr(_writer, "_PATIENCE", 0.01)
    output = Output(sink, ConsoleFormatter(), 10)
    shut(writer, sink, output)
    writer.close(sink)
    assert sink.closed is False
    sink.gate.set()
    assert writer.flush(30)
    writer.close(sink)
    assert sink.closed is True


def test_the_child_of_a_fork_begins_anew(writer, sink):
    """The child has none of the parent's lines to write, and its accounts are clear."""
    output = Output(sink, ConsoleFormatter(), 10)
    writer.register(output)
    shut(writer, sink, output)
    writer.put(output, entry("a"))
    sink.gate.set()
    assert writer.pause(30)
    output.waiting = 5
    writer.after_fork_in_child()
    assert output.waiting == 0
    assert writer.flush(0) is True
