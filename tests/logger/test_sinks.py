import errno
import io
import logging
import os
import sys
from pathlib import Path

import pytest
from areion_logger import _sinks
from areion_logger._rotation import Rotation
from areion_logger._sinks import FileSink, StreamSink


@pytest.fixture
def sink(tmp_path):
    made = []

    def factory(name="app.log", rotation=None, **kwargs):
        made.append(FileSink(tmp_path / name, rotation or Rotation(), **kwargs))
        return made[-1]

    yield factory
    for one in made:
        one.close()


def texts(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if not path.name.startswith(".")}


def test_lines_are_appended(sink, tmp_path):
    """A file that exists is added to; each record ends with a line's end."""
    (tmp_path / "app.log").write_text("old\n")
    sink().write(["a", "ä\n    | b"])
    assert (tmp_path / "app.log").read_text(encoding="utf-8") == "old\na\nä\n    | b\n"


def test_a_file_renamed_away_is_followed(sink, tmp_path):
    """After logrotate renamed or removed the file, lines go to a new one of the old name."""
    one = sink()
    one.write(["a"])
    (tmp_path / "app.log").rename(tmp_path / "app.log.old")
    one.write(["b"])
    (tmp_path / "app.log").unlink()
    one.write(["c"])
    assert texts(tmp_path) == {"app.log.old": "a\n", "app.log": "c\n"}


def test_size_is_kept_record_by_record(sink, tmp_path):
    """No file exceeds the limit, also if one batch would fill several; the oldest go, the order stays."""
    one = sink(rotation=Rotation(max_bytes=10, backup_count=2))
    one.write([f"line{n}" for n in range(9)])
    assert texts(tmp_path) == {"app.log.2": "line6\n", "app.log.1": "line7\n", "app.log": "line8\n"}


def test_a_record_longer_than_the_limit_gets_a_file_of_its_own(sink, tmp_path):
    """One record is never split, and makes no empty file."""
    one = sink(rotation=Rotation(max_bytes=4, backup_count=5))
    one.write(["a", "b" * 20, "c"])
    assert texts(tmp_path) == {"app.log.2": "a\n", "app.log.1": "b" * 20 + "\n", "app.log": "c\n"}


def test_a_new_day_begins_a_new_file(sink, tmp_path):
    """The first line of a new day sets aside the file that was last written the day before."""
    now = [0.0]
    one = sink(rotation=Rotation(when="day"), clock=lambda: now[0])
    one.write(["yesterday"])
    now[0] = os.stat(tmp_path / "app.log").st_mtime
    one.write(["still yesterday"])
    now[0] += 24 * 3600
    one.write(["today"])
    assert texts(tmp_path) == {"app.log.1": "yesterday\nstill yesterday\n", "app.log": "today\n"}


def test_a_restarted_process_notices_the_new_day(sink, tmp_path):
    """The file's own time decides, so a program that was not running at midnight rotates as well."""
    path = tmp_path / "app.log"
    path.write_text("old\n")
    os.utime(path, (0, 0))
    sink(rotation=Rotation(when="week")).write(["new"])
    assert texts(tmp_path) == {"app.log.1": "old\n", "app.log": "new\n"}


def test_a_symbolic_link_is_rotated_where_it_points(sink, tmp_path):
    """The file behind a link is set aside; the link stays."""
    (tmp_path / "real").mkdir()
    (tmp_path / "app.log").symlink_to(tmp_path / "real" / "app.log")
    one = sink(rotation=Rotation(max_bytes=2))
    one.write(["a", "b"])
    assert texts(tmp_path / "real") == {"app.log.1": "a\n", "app.log": "b\n"}
    assert (tmp_path / "app.log").is_symlink()


def test_while_another_process_holds_the_lock_too_long_lines_are_written(sink, tmp_path, monkeypatch):
    """A stopped process cannot stop the others from writing: they write without rotating."""
    one = sink(rotation=Rotation(max_bytes=2))
    monkeypatch.setattr(one._lock, "_acquire", lambda patience: False)
    one.write(["a", "b"])
    assert texts(tmp_path) == {"app.log": "a\nb\n"}


def test_a_line_torn_by_a_full_disk_does_not_swallow_the_next(sink, tmp_path, monkeypatch):
    """If a write broke off in the middle of a line, the next one begins on a line of its own."""
    one = sink()
    real = os.write

    def full(fd, data):
        if len(data) > 3:
            return real(fd, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_sinks.os, "write", full)
    with pytest.raises(OSError, match="No space"):
        one.write(["abcde"])
    monkeypatch.undo()
    one.write(["next"])
    assert (tmp_path / "app.log").read_text() == "abc\nnext\n"


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (lambda d: d / "none" / "app.log", FileNotFoundError, "folder does not exist"),
        (lambda d: d, IsADirectoryError, "it is a folder"),
        (
            lambda d: (d / "f").write_text("") or d / "f" / "app.log",
            NotADirectoryError,
            "a part of its path is a file",
        ),
        (lambda d: os.mkfifo(d / "fifo") or d / "fifo", OSError, "FIFO that nobody reads"),
    ],
)
def test_a_file_that_cannot_be_opened(tmp_path, make, kind, said):
    """The error is of the system's own kind, and names the file and what is wrong, at once and without waiting."""
    path = make(tmp_path)
    with pytest.raises(kind, match=said) as caught:
        FileSink(path, Rotation())
    assert str(path) in str(caught.value)


def test_only_a_regular_file_is_rotated():
    """A device cannot be set aside."""
    with pytest.raises(ValueError, match="'/dev/null' is not a regular file"):
        FileSink(Path("/dev/null"), Rotation(max_bytes=1))


def test_a_device_is_written_to():
    """Anything that can be appended to will do, as `/dev/stdout` does in a container."""
    one = FileSink(Path("/dev/null"), Rotation())
    one.write(["x"])
    one.close()


def test_a_named_stream_is_looked_up_when_it_is_written_to(monkeypatch):
    """A program that replaces `sys.stderr` finds its lines in the new one."""
    one = StreamSink("stderr")
    for _ in range(2):
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        one.write(["a", "b"])
        assert stream.getvalue() == "a\nb\n"


def test_a_process_without_a_console_writes_nothing(monkeypatch):
    """Under pythonw there is no standard error, and nobody to read it."""
    monkeypatch.setattr(sys, "stderr", None)
    one = StreamSink("stderr")
    one.write(["a"])
    assert one.identity() is None


def test_a_stream_that_cannot_encode_a_text_gets_it_escaped():
    """An ASCII terminal shows escapes instead of an error."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="\n")
    StreamSink(stream).write(["naïve"])
    assert raw.getvalue() == b"na\\xefve\n"


def test_whether_a_foreign_handler_writes_to_the_same_place(sink, tmp_path):
    """The same stream, or the same file behind a stream, is the same place; others are not."""
    one = sink()
    same = logging.FileHandler(tmp_path / "app.log")
    other = logging.FileHandler(tmp_path / "other.log")
    memory = io.StringIO()
    assert one.is_target_of(same)
    assert not one.is_target_of(other)
    assert StreamSink(memory).is_target_of(logging.StreamHandler(memory))
    assert not StreamSink(memory).is_target_of(logging.StreamHandler(io.StringIO()))
    assert not StreamSink(memory).is_target_of(logging.NullHandler())
    same.close()
    other.close()
