import datetime as dt
import os
import subprocess
import sys

import pytest
from areion_logger import _rotation
from areion_logger._rotation import ProcessLock, Rotation, backup


def moment(text):
    return dt.datetime.fromisoformat(text + "+00:00").timestamp()


@pytest.mark.parametrize(
    ("when", "written", "now", "due"),
    [
        (None, "2020-01-01T00:00", "2026-01-01T00:00", False),
        ("hour", "2026-01-02T03:59", "2026-01-02T04:00", True),
        ("hour", "2026-01-02T03:00", "2026-01-02T03:59", False),
        ("day", "2026-01-02T23:59", "2026-01-03T00:00", True),
        ("day", "2026-01-02T00:00", "2026-01-02T23:59", False),
        ("week", "2026-01-04T23:59", "2026-01-05T00:00", True),  # Sunday, Monday
        ("week", "2026-01-05T00:00", "2026-01-11T23:59", False),
        ("day", "2026-01-03T00:00", "2026-01-02T00:00", False),  # the clock was put back
    ],
)
def test_periods_are_those_of_utc(when, written, now, due):
    """A file is due when the hour, the day or the week (from Monday on) of its last line is over, in UTC."""
    assert Rotation(when=when).expired(moment(written), moment(now)) is due


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"max_bytes": -1}, "max_bytes.*-1"),
        ({"max_bytes": "1"}, "max_bytes.*'1'"),
        ({"max_bytes": True}, "max_bytes.*True"),
        ({"backup_count": 0}, "backup_count.*0"),
        ({"when": "midnight"}, "when.*'day'.*'midnight'"),
    ],
)
def test_wrong_values_are_named(arguments, named):
    """A value that cannot be meant is refused with the argument, what was expected, and what came."""
    with pytest.raises(ValueError, match=named):
        Rotation(**arguments)


def test_old_files_move_up_and_the_oldest_goes(tmp_path):
    """`app.log` becomes `.1`, `.1` becomes `.2`, and what is beyond the count is gone."""
    path = tmp_path / "app.log"
    for text in "abcd":
        path.write_text(text)
        Rotation(max_bytes=1, backup_count=2).set_aside(path)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"app.log.1": "d", "app.log.2": "c"}
    assert backup(path, 2) == tmp_path / "app.log.2"


HOLDER = """
import sys, pathlib
from areion_logger._rotation import ProcessLock
with ProcessLock(pathlib.Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_is_one_process_at_a_time_and_dies_with_it(tmp_path):
    """While another process holds the lock it cannot be had; a killed process holds nothing."""
    path = tmp_path / "app.log"
    lock = ProcessLock(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with lock.held(0.01) as got:
            assert got is False
        other.kill()
        other.wait()
        with lock.held(5) as got:
            assert got is True
    lock.close()


def test_a_new_lock_does_not_fail_because_another_process_holds_it(tmp_path):
    """A process may start while another one writes."""
    path = tmp_path / "app.log"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        ProcessLock(path).close()
        other.kill()


def test_a_platform_without_locks_is_refused(tmp_path, monkeypatch):
    """Where processes could not share a file safely, rotation is refused with what to do instead."""
    monkeypatch.setattr(_rotation, "fcntl", None)
    with pytest.raises(RuntimeError, match=r"app\.log.*POSIX file locks.*leave out max_bytes and when"):
        ProcessLock(tmp_path / "app.log")
    assert os.listdir(tmp_path) == []
