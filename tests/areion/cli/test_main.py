"""The command as a whole: its errors, its exit statuses."""

import subprocess
import sys

from areion import __version__


def test_version(command):
    """--version prints name and version."""
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"areion {__version__}\n")


def test_no_command_prints_help(areion):
    """Without a command there is the list of them, and no error."""
    done = areion()
    assert done.status == 0
    for name in ("run", "dev", "routes", "explain", "components", "openapi", "cron", "demo"):
        assert f"\n    {name}" in done.out


def test_unknown_command(areion):
    """A wrong command gets the one that is near, or all of them."""
    done = areion("rotes")
    assert (done.status, done.err) == (
        2,
        "areion: there is no command 'rotes'; did you mean 'routes'? (see areion --help)\n",
    )
    assert "there are: run, dev, routes" in areion("zzz").err


def test_errors_of_use_are_one_line(areion, app):
    """Wrong options, modules and attributes: a line on standard error, nothing else, exit status 2."""
    for arguments in (
        ["run"],
        ["run", "app", "--port", "x"],
        ["run", "app", "--nonsense"],
        ["run", "no_such_module:server"],
        ["routes", "app:no_such_attribute"],
        ["explain", "app:builder", "GET", "no-slash"],
        ["cron", "app:router"],
    ):
        done = areion(*arguments)
        assert done.status == 2
        assert done.out == ""
        assert done.err.startswith("areion: ")
        assert done.err.count("\n") == 1


def test_failing_program_has_its_traceback(command, project):
    """The user's own import error is shown with the user's frames, exit status 2."""
    project.write("app.py", "import no_such_library")
    done = command("run", "app:server")
    assert done.returncode == 2
    assert 'app.py", line 1' in done.stderr
    assert "No module named 'no_such_library'" in done.stderr
    assert "areion/cli" not in done.stderr
    assert done.stderr.endswith("areion: app could not be imported\n")


def test_reader_that_leaves(app):
    """A pipe that is closed early ends the command in silence."""
    lines = "".join(f"router.add_route('/{'x' * 500}{n}', home)\n" for n in range(500))
    with (app.folder / "app.py").open("a") as file:
        file.write(lines)
    with subprocess.Popen(
        [sys.executable, "-m", "areion", "routes", "app:router"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_interrupted(areion, project):
    """Ctrl-C while a program is loaded ends the command without a traceback."""
    project.write("app.py", "raise KeyboardInterrupt")
    assert areion("routes", "app:server") == (130, "", "")
