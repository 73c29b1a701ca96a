"""`areion new`: a project that works as it is."""

import ast
import os
import subprocess
import sys

import pytest


def test_project_passes_its_own_tests(areion, project):
    """What is written is a package with a page, an API and tests, which pass; the review finds nothing bad."""
    done = areion("new", "my-shop")
    assert done.status == 0
    assert "areion dev my_shop.app" in done.out
    folder = project.folder / "my-shop"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"pyproject.toml", "README.md", ".gitignore", "my_shop/app.py", "tests/test_app.py"} <= files
    for name in files:
        text = (folder / name).read_text()
        assert "PACKAGE_NAME" not in text
        assert "PROJECT_NAME" not in text
        if name.endswith(".py"):
            assert ast.get_docstring(ast.parse(text))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tests = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    os.chdir(folder)
    assert "found my_shop.app:server, a function" in areion("routes", "my_shop.app").err
    assert areion("check", "my_shop.app", "--strict").status == 0


@pytest.mark.parametrize(
    "name", ["1st", "a b", "ümlaut", "-x", "x-", "class", "tests", "json", "areion", "httpx"]
)
def test_names_that_are_refused(areion, project, name):
    """What is no name of a package, or would hide one, is refused with the reason, and nothing is written."""
    done = areion("new", "--", name)
    assert done.status == 2
    assert done.err.startswith("areion: ")
    assert list(project.folder.iterdir()) == []


def test_nothing_is_overwritten(areion, project):
    """A folder with something in it, or a file, stays as it is; an empty folder can be used."""
    kept = project.write("shop/kept.txt", "mine")
    assert areion("new", "shop") == (2, "", "areion: shop is there already, and nothing is overwritten\n")
    assert [path.name for path in kept.parent.iterdir()] == ["kept.txt"]
    project.write("file", "")
    assert areion("new", "file").status == 2
    (project.folder / "deep" / "empty").mkdir(parents=True)
    assert areion("new", "deep/empty").status == 0
    assert (project.folder / "deep/empty/empty/app.py").is_file()
