"""Whole processes: how they end, fork, share a file, and what servers' own logging configurations do."""

import json
import os
import re
import subprocess
import sys
import textwrap

import pytest


def run(program, *arguments, status=0, **kwargs):
    """Run a Python program in a process of its own; return what it wrote to standard error."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **kwargs,
    )
    assert result.returncode == status, result.stderr
    return result.stderr


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("end", "status", "last"),
    [
        ("", 0, "line 499"),
        ("sys.exit(3)", 3, "line 499"),
        ("raise LookupError('unhandled')", 1, "line 499"),
        ("t = threading.Thread(target=fail); t.start(); t.join()", 0, "in a thread"),
        ("import asyncio; asyncio.run(main())", 1, "on the loop"),
        ("import atexit; atexit.register(logger.info, 'at exit')", 0, "at exit"),
        ("last = Last()", 0, "finalised"),
    ],
)
def test_nothing_is_lost_at_the_end(tmp_path, end, status, last):
    """However a process ends, by itself, `sys.exit` or an exception, all that was logged is written."""
    program = f"""
        import sys, threading
        from areion_logger import Logger
        logger = Logger(sys.argv[1], console=False)
        def fail():
            logger.info("in a thread")
            raise ValueError
        async def main():
            logger.info("on the loop")
            raise ValueError
        class Last:
            def __init__(self):
                self.info = logger.info
            def __del__(self):
                self.info("finalised")
        for number in range(500):
            logger.info("line %d", number)
        {end}
    """
    run(program, tmp_path / "app.log", status=status)
    written = [line.split(": ")[1] for line in lines(tmp_path / "app.log")]
    assert written[:500] == [f"line {number}" for number in range(500)]
    assert written[-1] == last


def test_a_disk_that_hangs_does_not_keep_the_process(tmp_path):
    """At the end, a place that takes nothing is given up after a while, and the loss is told on standard error."""
    program = """
        import os, sys
        from areion_logger import Logger, _writer
        _writer._EXIT_PATIENCE = 0.2
        os.mkfifo(sys.argv[1])
        reader = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
        logger = Logger(sys.argv[1], console=False)
        for number in range(1000):
            logger.info("x" * 1000)
    """
    assert re.search(r"cannot write to .*: it did not take \d+ records", run(program, tmp_path / "fifo"))


def test_a_fork_is_safe(tmp_path):
    """Parent and child both go on logging after a fork; no line is lost or doubled, and no warning is given."""
    program = """
        import os, sys
        from areion_logger import Logger
        logger = Logger(sys.argv[1], console=False)
        for number in range(100):
            logger.info("before %d", number)
        child = os.fork()
        name = "parent" if child else "child"
        for number in range(100):
            logger.info(name + " %d", number)
        if child:
            assert os.waitpid(child, 0)[1] == 0
    """
    run(program, tmp_path / "app.log")
    written = sorted(line.split(": ")[1] for line in lines(tmp_path / "app.log"))
    assert written == sorted(
        f"{name} {number}" for name in ("before", "parent", "child") for number in range(100)
    )


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_write_what_they_log(tmp_path, method):
    """A child of multiprocessing ends without `atexit`; what it logged is written all the same."""
    (tmp_path / "work.py").write_text(
        textwrap.dedent("""
            import multiprocessing, sys
            from areion_logger import Logger
            def work(path, name):
                logger = Logger(path, console=False)
                for number in range(50):
                    logger.info("%s %d", name, number)
            if __name__ == "__main__":
                context = multiprocessing.get_context(sys.argv[2])
                work(sys.argv[1], "parent")
                children = [context.Process(target=work, args=(sys.argv[1], f"child{n}")) for n in range(2)]
                for child in children: child.start()
                for child in children: child.join()
                sys.exit(any(child.exitcode for child in children))
        """)
    )
    subprocess.run(
        [sys.executable, tmp_path / "work.py", tmp_path / "app.log", method], check=True, timeout=60
    )
    assert len({line.split(": ")[1] for line in lines(tmp_path / "app.log")}) == 150


def test_processes_share_a_rotated_file(tmp_path):
    """Several processes write one file and rotate it: every line is there once, whole, and no file is too large."""
    program = """
        import sys
        from areion_logger import Logger
        logger = Logger(sys.argv[1], console=False, max_bytes=4000, backup_count=100)
        for number in range(300):
            logger.info("%s-%d", sys.argv[2], number)
            if number % 20 == 0:
                logger.flush()
    """
    children = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), tmp_path / "app.log", str(name)])
        for name in range(3)
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    files = list(tmp_path.glob("app.log*"))
    assert len(files) > 5
    assert all(path.stat().st_size <= 4000 for path in files)
    written = [line.split(": ")[1] for path in files for line in lines(path)]
    assert sorted(written) == sorted(f"{name}-{number}" for name in range(3) for number in range(300))


def test_a_terminal_is_coloured_and_a_pipe_is_not(tmp_path):
    """Colours are for terminals alone."""
    program = "from areion_logger import Logger; Logger().warning('m')"
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    assert "\x1b" not in run(program, env=environment)
    primary, secondary = os.openpty()
    subprocess.run([sys.executable, "-c", program], stderr=secondary, check=True, timeout=60, env=environment)
    os.close(secondary)
    shown = os.read(primary, 10_000).decode()
    os.close(primary)
    assert "\x1b[33mWARNING" in shown


def test_importing_does_nothing():
    """An import configures no logger, starts no thread, and loads neither asyncio nor anything as heavy."""
    program = """
        import logging, sys, threading
        import areion_logger
        assert not logging.getLogger("areion").handlers
        assert threading.active_count() == 1
        assert not {"asyncio", "multiprocessing", "importlib.metadata", "http"} & set(sys.modules)
    """
    run(program)


# What uvicorn 0.3x and gunicorn 2x configure by default, in short: their own loggers, and by gunicorn's
# `logconfig_dict` the root logger as well.
UVICORN = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"default": {"format": "%(levelname)s %(message)s"}},
    "handlers": {
        "default": {"class": "logging.StreamHandler", "formatter": "default", "stream": "ext://sys.stderr"}
    },
    "loggers": {
        "uvicorn": {"handlers": ["default"], "level": "INFO", "propagate": False},
        "uvicorn.error": {"level": "INFO"},
    },
}
GUNICORN = {
    "version": 1,
    "disable_existing_loggers": False,
    "root": {"level": "INFO", "handlers": ["console"]},
    "formatters": {"generic": {"format": "%(asctime)s [%(process)d] [%(levelname)s] %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}
    },
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False}},
}


@pytest.mark.parametrize("config", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
@pytest.mark.parametrize("first", ["logger", "config"])
def test_under_the_configuration_of_a_server(config, first):
    """Whichever comes first, each line of ours is on standard error once, in our form, and theirs in theirs."""
    program = f"""
        import logging, logging.config
        from areion_logger import Logger
        config = {config!r}
        if {first!r} == "config":
            logging.config.dictConfig(config)
        logger = Logger(format="json")
        if {first!r} == "logger":
            logging.config.dictConfig(config)
        logger.info("ours %d", 1)
        logging.getLogger("areion.http").info("ours %d", 2)
        logging.getLogger("uvicorn.error").info("theirs")
        logging.getLogger("gunicorn.error").info("theirs")
    """
    written = run(program).splitlines()
    assert [json.loads(line)["message"] for line in written if "ours" in line] == ["ours 1", "ours 2"]
    assert sum("theirs" in line for line in written) == (1 if "root" not in config else 2)
