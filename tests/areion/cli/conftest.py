"""A project in a folder of its own, and the command run on it: in this process, or as one."""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from areion.cli import main

APP = """
    from areion import AreionServerBuilder, DefaultOrchestrator, DefaultRouter

    router = DefaultRouter()


    def polite(handler):
        def wrapper(request, **params):
            return handler(request, **params)

        return wrapper


    @router.get("/")
    def home(request):
        '''Say hello.'''
        return "hello"


    @router.get("/users/:id<int>", middlewares=[polite], name="user")
    async def show_user(request, id):
        return {"id": id}


    def nightly():
        pass


    orchestrator = DefaultOrchestrator(timezone="Europe/Berlin")
    orchestrator.schedule_cron_task(nightly, "30 2 * * *")
    builder = AreionServerBuilder().with_router(router).with_orchestrator(orchestrator)
    builder.with_host("127.0.0.1").with_port(0)
"""


class Result(NamedTuple):
    status: int
    out: str
    err: str


class Project:
    """A folder with a program, which is the current one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project; what is imported from it is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield Project(tmp_path)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.fixture
def app(project: Project) -> Project:
    """A project with two routes, a middleware and a cron job."""
    project.write("app.py", APP)
    return project


@pytest.fixture
def areion(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the command in this process."""

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        try:
            status = main(list(arguments))
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return Result(status, said.out, said.err)

    return run


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command as a process of its own, in the current folder."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        import os

        return subprocess.run(
            [sys.executable, "-m", "areion", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **environment},
        )

    return run
