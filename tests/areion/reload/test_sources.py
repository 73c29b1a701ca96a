"""Which files count as sources, and when they have changed."""

import importlib.util
from pathlib import Path

import pytest
from areion.reload import sources
from areion.reload.sources import changed, forget_bytecode, is_source, look


@pytest.mark.parametrize(
    "name", ["app.py", "page.html", "mail.txt", "list.j2", ".env", ".env.local", "dev.env"]
)
def test_sources(name):
    """Python, templates and env files count."""
    assert is_source(name)


@pytest.mark.parametrize(
    "name", ["app.pyc", "data.sqlite", "app.log", ".#app.py", ".app.py.swp", "app.py~", "x.json"]
)
def test_what_is_no_source(name):
    """Compiled files, data, logs and what editors leave beside a file do not."""
    assert not is_source(name)


def test_folders_of_tools_are_not_looked_into(tmp_path):
    """Hidden folders, caches, virtual environments and installed packages are left out."""
    for folder in (
        "package",
        ".git",
        "__pycache__",
        "node_modules",
        "env/lib",
        "package/.cache",
        "site-packages",
    ):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "module.py").touch()
    (tmp_path / "env/pyvenv.cfg").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert set(look([tmp_path, tmp_path / "package"])) == {str(tmp_path / "package/module.py")}


def test_what_has_changed(tmp_path):
    """New, different and missing files are changes; nothing else is."""
    for name in ("kept.py", "edited.py", "removed.py"):
        (tmp_path / name).write_text("1")
    before = look([tmp_path])
    assert changed(before, look([tmp_path])) == []
    (tmp_path / "edited.py").write_text("23")
    (tmp_path / "removed.py").unlink()
    (tmp_path / "new.html").touch()
    names = [Path(path).name for path in changed(before, look([tmp_path]))]
    assert names == ["edited.py", "new.html", "removed.py"]


def test_replaced_file_of_the_same_size_and_time(tmp_path):
    """An editor that writes a new file and renames it changes the file, whatever its time says."""
    import os

    file = tmp_path / "app.py"
    file.write_text("1")
    before = look([tmp_path])
    other = tmp_path / "other"
    other.write_text("2")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.rename(file)
    assert changed(before, look([tmp_path])) == [str(file)]


def test_number_of_files_is_bounded(tmp_path, monkeypatch):
    """A home folder taken for a project is not looked through to its end."""
    monkeypatch.setattr(sources, "MOST_FILES", 3)
    for number in range(10):
        (tmp_path / f"{number}.py").touch()
    assert len(look([tmp_path])) == 3


def test_folder_that_is_gone(tmp_path):
    """A folder that has been removed has no sources."""
    assert look([tmp_path / "gone"]) == {}


def test_stale_bytecode_is_forgotten(tmp_path):
    """Of two edits in one second that leave the size the same, Python would run the first for ever."""
    source = tmp_path / "app.py"
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir()
    cached.touch()
    forget_bytecode([str(source), str(tmp_path / "never_compiled.py"), str(tmp_path / "page.html")])
    assert not cached.exists()
