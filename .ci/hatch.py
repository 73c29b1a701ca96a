"""Runs hatch from the root of the house; on first use sets up a private copy of it in .hatch/.

    python3 .ci/hatch.py run serve          python3 .ci/hatch.py test

Needs only a Python of 3.11 or newer with its venv module, and a package index.
"""

import contextlib
import os
import pathlib
import signal
import ssl
import subprocess
import sys

HATCH = ["hatch==1.18.2", "uv==0.13.9"]
ROOT = pathlib.Path(__file__).resolve().parent.parent
STORE = ROOT / ".hatch"
VENV = STORE / "hatch-{}.{}".format(*sys.version_info)
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def step(command, advice):
    """Run one command of the set-up; if it fails, end with what it said and what to do."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, check=False, text=True, **pipes)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{advice}")


def set_up():
    """Make the private environment unless it is there; `ready`, written last, says that it is whole."""
    ready, wanted = VENV / "ready", "\n".join(HATCH)
    STORE.mkdir(exist_ok=True)
    with (STORE / "lock").open("w") as lock:
        if os.name != "nt":  # of two first uses at once, the second waits for the first
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        if PYTHON.exists() and ready.is_file() and ready.read_text() == wanted:
            return
        print(f"Setting up {HATCH[0]} in {VENV}: once, some ten seconds", file=sys.stderr, flush=True)
        step(
            [sys.executable, "-m", "venv", "--clear", VENV],
            f"{sys.executable} cannot make a virtual environment: see above. On Debian and Ubuntu,"
            " `apt-get install python3-venv` adds what is missing; then run the same command again.",
        )
        step(
            [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *HATCH],
            f"{HATCH[0]} could not be installed: see above. That mended, run the same command again.",
        )
        ready.write_text(wanted)


def main():
    """Become hatch; for `run serve`, stay and pass signals on."""
    if sys.version_info < (3, 11):  # noqa: UP036  this line is what tells the user so
        sys.exit(f"Areion needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}")
    set_up()
    os.chdir(ROOT)
    os.environ["HATCH_DATA_DIR"] = str(STORE / "data")
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile or (trusted.capath and any(pathlib.Path(trusted.capath).iterdir())):
        os.environ.setdefault("UV_SYSTEM_CERTS", "true")  # uv trusts whom this machine trusts, as pip does
    command = [str(PYTHON), "-m", "hatch", *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    if sys.argv[1:3] != ["run", "serve"]:
        os.execv(PYTHON, command)

    # A signal to hatch alone would not reach the server. In a group of their own both get it exactly once,
    # whether a terminal, a supervisor or `kill` sent it; as SIGINT, because hatch waits for its child then.
    hatch = early = None

    def pass_on(*_):
        nonlocal early
        if hatch is None:
            early = True
            return
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.killpg(hatch.pid, signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    hatch = subprocess.Popen(command, process_group=0)
    if early:
        pass_on()
    sys.exit(hatch.wait())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
