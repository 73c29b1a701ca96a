"""What may be named on the command line, and what is said when it is not there."""

import textwrap

import pytest
from areion import AreionServer
from areion.cli.errors import CommandError, ProgramError
from areion.cli.target import find_target, load_server


@pytest.mark.parametrize(
    "name",
    [
        "app:builder",
        "app",
        "app.py:builder",
        "app.py",
        "./app.py:router",
        "app:router",
        "app:make",
        "app:Holder.server",
    ],
)
def test_forms(app, name):
    """Module or file, with an attribute or without; server, builder, router, or what makes one."""
    with (app.folder / "app.py").open("a") as file:
        file.write(
            textwrap.dedent(
                """
                def make(port=0):
                    return builder

                class Holder:
                    server = builder.build()
                """
            )
        )
    server = load_server(name)
    assert isinstance(server, AreionServer)
    assert [route.path for route in server.router.routes] == ["/", "/users/:id<int>"]


def test_file_inside_a_package(project):
    """A file of a package is imported as the package's module, so that its relative imports work."""
    project.write("shop/__init__.py", "")
    project.write("shop/web/__init__.py", "from areion import DefaultRouter\nrouter = DefaultRouter()")
    project.write("shop/web/main.py", "from . import router")
    assert find_target("shop/web/main.py:router").name == "shop.web.main:router"
    assert find_target("shop/web:router").name == "shop.web:router"


def test_module_alone_says_what_was_found(app, capsys):
    """Without an attribute, the usual names are tried, and the one that was taken is told."""
    assert find_target("app").name == "app:builder"
    assert "found app:builder, an AreionServerBuilder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ap:builder", "there is no module 'ap' in "),
        ("ap:builder", "did you mean 'app'?"),
        ("app:bilder", "app has no attribute 'bilder'; did you mean 'builder'?"),
        ("app:router.nothing", "app.router has no attribute 'nothing'"),
        ("app.web:server", "there is no module 'app.web': 'app' is no package"),
        ("app.builder", "'app' is no package; did you mean 'app:builder'?"),
        ("notes.txt", "there is no module 'notes'"),
        ("./notes.txt:x", "'notes.txt' is no Python file: its name does not end with .py"),
        ("./empty:x", "'empty' is a folder without __init__.py; name a file in it"),
        ("app:leave", "app:leave() ends the process (SystemExit: 4)"),
        ("apq.py", "there is no file 'apq.py'; did you mean 'app.py'?"),
        ("app:", "there is no attribute after the colon"),
        (":server", "expected module:attribute"),
        ("app:a-b", "'a-b' is no name of an attribute"),
        ("a-b:server", "'a-b' is no name of a module"),
        ("app:home", "app:home takes arguments (request); expected an AreionServer"),
        ("app:APP", "app has no attribute 'APP'"),
        ("app:nightly", "app:nightly makes None; expected"),
        ("app:__name__", "app:__name__ is a str; expected"),
    ],
)
def test_what_is_not_there(app, name, reason):
    """One line says what is wrong, and what is near."""
    app.write("notes.txt", "")
    (app.folder / "empty").mkdir()
    with (app.folder / "app.py").open("a") as file:
        file.write("\n\ndef leave():\n    raise SystemExit(4)\n")
    with pytest.raises(CommandError) as caught:
        load_server(name)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, ProgramError)


def test_submodule_that_is_not_there(project):
    """A package's modules are offered for a wrong name."""
    project.write("shop/__init__.py", "")
    project.write("shop/main.py", "")
    with pytest.raises(CommandError, match="there is no module 'mian' in 'shop'; did you mean 'main'"):
        find_target("shop.mian:server")


def test_module_below_src(project):
    """A project that keeps its package in src is told the form that works."""
    project.write("src/shop.py", "")
    with pytest.raises(CommandError, match=r"there is src/shop.py: name that, or install the project"):
        find_target("shop:server")


def test_no_usual_name(project):
    """A module without the usual names has its servers listed."""
    project.write("app.py", "from areion import DefaultRouter\nmine, empty = DefaultRouter(), 1")
    with pytest.raises(CommandError, match=r"say app:mine$"):
        find_target("app")
    project.write("bare.py", "")
    with pytest.raises(CommandError, match="no server under another name"):
        find_target("bare")


def test_builder_without_router(project):
    """What the builder refuses is the reason."""
    project.write("app.py", "from areion import AreionServerBuilder\nbuilder = AreionServerBuilder()")
    with pytest.raises(CommandError, match="app:builder cannot be built: router: a server needs one"):
        load_server("app:builder")


def test_coroutine_function(project):
    """A factory that must be awaited is refused, with the place for what it awaits."""
    project.write("app.py", "async def make(): pass")
    with pytest.raises(CommandError, match="belongs into a startup hook"):
        load_server("app:make")


def test_program_that_runs_its_server_at_once(project):
    """A module that ends the process while it is imported is told of the guard it lacks."""
    project.write("app.py", "raise SystemExit(3)")
    with pytest.raises(CommandError, match=r"SystemExit: 3\); put what runs it under if __name__"):
        find_target("app:server")


def test_failure_of_the_program_is_shown_shortened(project):
    """The traceback holds the program's own frames, whatever libraries are between them, and its causes."""
    project.write(
        "app.py",
        """
        import json

        def read():
            try:
                json.loads("{")
            except ValueError as error:
                raise RuntimeError("no configuration") from error

        read()
        """,
    )
    with pytest.raises(ProgramError) as caught:
        find_target("app:server")
    details = caught.value.details
    assert details.count("app.py") == 3
    assert "importlib" not in details
    assert "json/decoder.py" not in details
    assert "JSONDecodeError" in details
    assert details.endswith("RuntimeError: no configuration")


def test_missing_import_of_the_program(project):
    """A module that the program imports and that is not there is the program's failure, at its line."""
    project.write("app.py", "import areion\nimport nowhere_to_be_found")
    with pytest.raises(ProgramError) as caught:
        find_target("app:server")
    assert 'app.py", line 2' in caught.value.details
    assert "No module named 'nowhere_to_be_found'" in caught.value.details


def test_syntax_error(project):
    """A syntax error is shown with its line, and nothing of how it was loaded."""
    project.write("app.py", "x = 1\ny = (")
    with pytest.raises(ProgramError) as caught:
        find_target("app:server")
    assert caught.value.details.count("File ") == 1
    assert "y = (" in caught.value.details


def test_failing_factory(project):
    """What a factory raises is shown like what an import raises."""
    project.write("app.py", "def make():\n    return 1 / 0")
    with pytest.raises(ProgramError, match=r"app:make\(\) failed") as caught:
        load_server("app:make")
    assert "ZeroDivisionError" in caught.value.details


@pytest.mark.parametrize("name", ["queue:server", "queue.py:server", "./queue.py"])
def test_name_that_is_taken(project, name):
    """A file whose name belongs to a module that is loaded already is not silently exchanged for that one."""
    project.write("queue.py", "server = 1")
    with pytest.raises(
        CommandError, match=r"queue\.py' cannot be imported: 'queue' is the name of .*rename the file"
    ):
        find_target(name)


def test_failure_that_is_no_exception(project):
    """A program that fails with what is no Exception is shown as any other."""
    project.write("odd.py", "class Odd(BaseException): ...\n\ndef make(): raise Odd('made')")
    with pytest.raises(ProgramError, match=r"odd:make\(\) failed") as caught:
        load_server("odd:make")
    assert caught.value.details.endswith("odd.Odd: made")
    project.write("odder.py", "raise BaseException('imported')")
    with pytest.raises(ProgramError, match="odder could not be imported"):
        load_server("odder:make")


def test_interrupted_program(project):
    """Ctrl-C while a program is loaded is no failure of the program."""
    project.write("slow.py", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_server("slow:server")
