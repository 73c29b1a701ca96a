"""`.ci/hatch.py`: what it does before, and around, hatch. The real set-up is what runs these tests."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Stands where hatch's own Python would: says how it was called; as `run serve` it serves until SIGINT.
STAND_IN = f"""#!{sys.executable}
import os, signal, sys, time
print(os.getcwd(), os.environ.get("HATCH_DATA_DIR"), *sys.argv[1:], sep="|", flush=True)
if "serve" in sys.argv:
    got = []
    signal.signal(signal.SIGINT, lambda number, _: got.append(number))
    print("serving", flush=True)
    deadline = time.monotonic() + 30
    while not got and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # time for a second copy of the signal to come
    print("got", len(got), flush=True)
sys.exit(int(os.environ.get("STATUS", "0")))
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house whose hatch is set up already: a stand-in that reports."""
    root = tmp_path / "the house"
    (root / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/hatch.py", root / ".ci/hatch.py")
    environment = root / ".hatch" / "hatch-{}.{}".format(*sys.version_info)
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin/python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    (environment / "ready").write_text("\n".join(_pinned()))
    return root


@pytest.fixture
def stand_in_venv(tmp_path: Path) -> str:
    """A folder with a `venv` that makes the stand-in, and takes a while, so that two of it would overlap."""
    folder = tmp_path / "stand-in"
    folder.mkdir()
    (folder / "venv.py").write_text(
        textwrap.dedent(f"""
            import pathlib, shutil, sys, time
            environment = pathlib.Path(sys.argv[-1])
            if "--clear" in sys.argv:
                shutil.rmtree(environment, ignore_errors=True)
            python = environment / "bin/python"
            python.parent.mkdir(parents=True)
            time.sleep(0.3)
            python.write_text({STAND_IN!r})
            python.chmod(0o755)
        """)
    )
    return str(folder)


def _pinned() -> list[str]:
    line = next(
        line for line in (ROOT / ".ci/hatch.py").read_text().splitlines() if line.startswith("HATCH = ")
    )
    return [part.strip('"') for part in line.removeprefix("HATCH = [").rstrip("]").split(", ")]


def _start(house: Path, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, house / ".ci/hatch.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        env={**os.environ, **environ},
        start_new_session=True,
    )


def test_hatch_runs_in_the_root_from_any_folder(house: Path) -> None:
    """Hatch works from the root alone, so that is where it is started; its environments stay in the house."""
    process = _start(house, "test", "-k", "two words")
    output, _ = process.communicate(timeout=30)
    assert output == f"{house}|{house}/.hatch/data|-m|hatch|test|-k|two words\n"
    assert process.returncode == 0


def test_exit_status_is_hatchs(house: Path) -> None:
    """A failing test run fails the command."""
    process = _start(house, "test", STATUS="3")
    process.communicate(timeout=30)
    assert process.returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whole_group", [False, True], ids=["process", "group"])
def test_serve_ends_cleanly(house: Path, number: signal.Signals, whole_group: bool) -> None:
    """Ctrl-C (to the group) and kill (to one process) reach the server once; its drain is waited for."""
    process = _start(house, "run", "serve")
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    assert "serving\n" in lines
    if whole_group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    assert list(lines) == ["got 1\n"]
    process.stdout.close()
    assert process.wait(timeout=30) == 0


def test_a_signal_before_there_is_a_server(house: Path, tmp_path: Path) -> None:
    """It is not lost: what is started after it is told to end."""
    (tmp_path / "sitecustomize.py").write_text(
        textwrap.dedent("""
            import os, signal, subprocess
            start = subprocess.Popen.__init__
            def start_later(self, *arguments, **options):
                os.kill(os.getpid(), signal.SIGTERM)
                start(self, *arguments, **options)
            subprocess.Popen.__init__ = start_later
        """)
    )
    process = _start(house, "run", "serve", PYTHONPATH=str(tmp_path))
    output, _ = process.communicate(timeout=30)
    assert "got 0" not in output  # what it says after half a minute in which nobody told it


def test_failed_set_up_says_what_failed_and_is_redone(house: Path, stand_in_venv: str) -> None:
    """A set-up that was cut short is not taken for a whole one: it is made anew, and its failure is shown."""
    environment = next((house / ".hatch").glob("hatch-*"))
    (environment / "ready").unlink()
    failing = _start(house, "test", PYTHONPATH=stand_in_venv, STATUS="1")
    output, _ = failing.communicate(timeout=60)
    assert failing.returncode == 1
    assert "Setting up hatch==" in output
    assert "|-m|pip|install|" in output  # the stand-in's way of saying what it was asked for
    assert "could not be installed: see above" in output
    assert not (environment / "ready").exists()
    again = _start(house, "test", PYTHONPATH=stand_in_venv)
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert output.endswith("|-m|hatch|test\n")


def test_python_without_ensurepip_is_told_what_to_install(house: Path, tmp_path: Path) -> None:
    """Debian's python3 without python3-venv gets the name of the missing package."""
    shutil.rmtree(next((house / ".hatch").glob("hatch-*")))
    debian = tmp_path / "debian"
    debian.mkdir()
    (debian / "venv.py").write_text("import sys; print('ensurepip is not available'); sys.exit(1)")
    process = _start(house, "test", PYTHONPATH=str(debian))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "ensurepip is not available\n" in output
    assert "`apt-get install python3-venv` adds what is missing" in output


def test_old_python_is_told_which_it_needs(house: Path) -> None:
    """A Python that is too old gets one line with the version needed, and nothing is set up."""
    program = f"""
        import runpy, sys
        sys.version_info = (3, 9, 2, "final", 0)
        sys.version = "3.9.2 (main)"
        runpy.run_path({str(house / ".ci/hatch.py")!r}, run_name="__main__")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"Areion needs Python 3.11 or newer; {sys.executable} is 3.9.2\n"
    assert not (house / ".hatch/hatch-3.9").exists()


def test_source_parses_on_old_pythons() -> None:
    """The line that refuses an old Python speaks only if that Python can read the file."""
    ast.parse((ROOT / ".ci/hatch.py").read_text(), feature_version=(3, 8))


def test_two_first_uses_make_one_set_up(house: Path, stand_in_venv: str) -> None:
    """Of two commands at once on a fresh clone, the second waits and uses what the first made."""
    shutil.rmtree(next((house / ".hatch").glob("hatch-*")))
    first = _start(house, "test", PYTHONPATH=stand_in_venv)
    second = _start(house, "test", PYTHONPATH=stand_in_venv)
    outputs = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0]
    assert sum("Setting up" in output for output in outputs) == 1
    assert all(output.endswith("|-m|hatch|test\n") for output in outputs)
