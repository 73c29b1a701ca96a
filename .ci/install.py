"""Installs what is in a folder of distributions into fresh environments, as a user without the sources would.

    python3 .ci/install.py dist scratch

Third-party wheels are fetched once; the rest happens with no index: each leaf alone, and the umbrella.
"""

import pathlib
import shutil
import subprocess
import sys
import venv

ROUTES = """if True:
    from areion_router import Router
    router = Router()
    router.add_route("/users/:id", print)
    handler, params, is_async = router.get_handler("GET", "/users/7")
    assert (handler, dict(params), is_async) == (print, {"id": "7"}, False)"""
BUILDS = """if True:
    from areion import AreionServerBuilder, DefaultRouter
    router = DefaultRouter()
    router.add_route("/", lambda request: "hello")
    AreionServerBuilder().with_router(router).build()"""
PROGRAMS = {
    "areion-http": "import areion_http; areion_http.HttpServer",
    "areion-router": ROUTES,
    "areion-orchestrator": "import areion_orchestrator; areion_orchestrator.Orchestrator",
    "areion-logger": "import areion_logger; areion_logger.Logger",
    "areion-engine": "import areion_engine; areion_engine.Engine",
    "areion": BUILDS,
}
NO_DEPENDENCIES = {"areion-router", "areion-logger"}


def run(*command):
    """Run a command and return what it printed; end with its output if it fails."""
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def fresh(folder, *, with_pip=False):
    """Make an empty environment and return its Python."""
    venv.create(folder, with_pip=with_pip, clear=True)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def main():
    """Install, check and use every distribution of the folder."""
    dist, scratch = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    scratch /= "{}.{}".format(*sys.version_info)
    shutil.rmtree(scratch, ignore_errors=True)
    wheels = scratch / "wheels"
    pip = [fresh(scratch / "pip", with_pip=True), "-m", "pip", "--disable-pip-version-check"]
    [umbrella] = dist.glob("areion-[0-9]*.whl")
    run(*pip, "download", "-q", "-d", wheels, "--find-links", dist, umbrella)
    for name, program in PROGRAMS.items():
        python = fresh(scratch / name)
        run(*pip, "--python", python, "install", "-q", "--no-index", "--find-links", wheels, name)
        run(*pip, "--python", python, "check")
        run(python, "-W", "error", "-c", program)
        installed = {line.split("==")[0] for line in run(*pip, "--python", python, "freeze").split()}
        siblings = installed & PROGRAMS.keys() - {name}
        if siblings and name != "areion":
            sys.exit(f"{name} alone pulled its siblings: {sorted(siblings)}")
        if name in NO_DEPENDENCIES and installed != {name}:
            sys.exit(f"{name} is to need nothing, and pulled {sorted(installed - {name})}")
        print(f"{scratch.name}: {name} works; installed with it: {len(installed) - 1}")


if __name__ == "__main__":
    main()
