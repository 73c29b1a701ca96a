"""Waiting for changes, by looking and by being told."""

import sys
import threading
from types import SimpleNamespace

import pytest
from areion.reload import watch
from areion.reload.watch import Watcher


class Heard:
    """What a watcher has told of."""

    def __init__(self):
        self.paths = []
        self.called = threading.Event()

    def __call__(self, paths):
        self.paths.append(list(paths))
        self.called.set()


@pytest.fixture
def heard():
    return Heard()


def test_polling_tells_of_changes_once_they_settle(tmp_path, heard, monkeypatch):
    """Files saved together are one change, told once; what was there before is none."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    (tmp_path / "old.py").touch()
    watcher = Watcher([tmp_path, tmp_path], heard)
    assert watcher.how == "polling"
    watcher.start()
    try:
        (tmp_path / "a.py").touch()
        (tmp_path / "b.html").touch()
        assert heard.called.wait(10)
    finally:
        watcher.stop()
    assert heard.paths == [[str(tmp_path / "a.py"), str(tmp_path / "b.html")]]


def test_too_many_files(tmp_path, heard, monkeypatch):
    """It says when it cannot look at everything."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.setattr(watch, "MOST_FILES", 2)
    watcher = Watcher([tmp_path], heard)
    assert not watcher.is_partial()
    for name in ("a.py", "b.py"):
        (tmp_path / name).touch()
    assert watcher.is_partial()


def test_watchfiles_is_used_where_it_is_installed(tmp_path, heard, monkeypatch):
    """Its changes pass the same choice of files, and stopping ends it."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env/pyvenv.cfg").touch()

    def stand_in(*folders, watch_filter, stop_event, raise_interrupt, **_):
        """Yield as watchfiles.watch does."""
        assert folders == (tmp_path,)
        assert raise_interrupt is False
        found = [
            str(tmp_path / name)
            for name in ("app.py", "app.log", "env/lib/x.py", ".git/x.py", "__pycache__/y.py", "web/b.py")
        ]
        yield {(1, path) for path in found if watch_filter(1, path)}
        while not stop_event.wait(0.01):
            yield set()

    monkeypatch.setitem(sys.modules, "watchfiles", SimpleNamespace(watch=stand_in))
    watcher = Watcher([tmp_path, tmp_path / "env"], heard)
    assert watcher.how == "watchfiles"
    assert not watcher.is_partial()
    watcher.start()
    assert heard.called.wait(10)
    watcher.stop()
    assert heard.paths == [[str(tmp_path / "app.py"), str(tmp_path / "web/b.py")]]


def test_file_elsewhere_is_none_of_ours(tmp_path):
    """A path outside the watched folders is no change."""
    assert not watch._Filter([tmp_path])(1, "/elsewhere/app.py")
