import io
import sys
from pathlib import Path

import pytest
from areion_logger._places import Places
from areion_logger._rotation import Rotation
from areion_logger._writer import Writer

NEVER = Rotation()


@pytest.fixture
def places():
    return Places()


def test_one_file_has_one_sink_whatever_its_name(places, tmp_path, monkeypatch):
    """Relative and absolute paths, str and Path, and links, all lead to the sink of the one file."""
    monkeypatch.chdir(tmp_path)
    first = places.file("app.log", NEVER)
    (tmp_path / "link").symlink_to(tmp_path / "app.log")
    assert places.file(tmp_path / "app.log", NEVER) is first
    assert places.file("./link", NEVER) is first
    assert places.file("other.log", NEVER) is not first
    for sink in (first, first, first):
        places.leave(sink, Writer())


def test_the_last_user_closes_the_sink(places, tmp_path):
    """A sink is open while somebody uses it, and after that the file is opened anew."""
    first = places.file(tmp_path / "app.log", NEVER)
    again = places.file(tmp_path / "app.log", NEVER)
    places.leave(first, Writer())
    again.write(["still open"])
    places.leave(again, Writer())
    with pytest.raises(OSError, match="Bad file descriptor"):
        again.write(["closed"])
    fresh = places.file(tmp_path / "app.log", NEVER)
    assert fresh is not first
    places.leave(fresh, Writer())


def test_rotation_asked_for_later_holds(places, tmp_path):
    """Whoever asks for rotation gets it; who does not leaves it as it is."""
    rotation = Rotation(max_bytes=2)
    sinks = [places.file(tmp_path / "app.log", asked) for asked in (NEVER, rotation, NEVER)]
    assert sinks[0].rotation is rotation
    for sink in sinks:
        places.leave(sink, Writer())


def test_one_stream_has_one_sink(places):
    """Standard error is one place, by name, by default and as an object; any other stream is its own."""
    stream = io.StringIO()
    assert places.stream(None) is places.stream("stderr") is places.stream(sys.stderr)
    assert places.stream("stdout") is places.stream(sys.stdout)
    assert places.stream(stream) is places.stream(stream)
    assert places.stream(stream) is not places.stream(None)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda p: p.file(5, NEVER), TypeError, "log_file: expected a path, got 5 of type int"),
        (lambda p: p.file("", NEVER), ValueError, "log_file: the path is empty"),
        (lambda p: p.stream("syslog"), ValueError, "stream: expected 'stderr', 'stdout'.*'syslog'"),
        (lambda p: p.stream(Path("x")), TypeError, "stream: expected a text stream.*PosixPath"),
    ],
)
def test_wrong_places_are_named(places, call, kind, said):
    """What is no place is refused at once, by argument, value and type."""
    with pytest.raises(kind, match=said):
        call(places)
