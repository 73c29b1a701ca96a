"""Fixtures of the logger's tests: loggers of names of their own, and files read as lines."""

import itertools
import json
import logging
from pathlib import Path

import pytest
from areion_logger import Logger

_numbers = itertools.count()


@pytest.fixture
def name():
    """A standard logger's name that no other test uses."""
    return f"test{next(_numbers)}"


@pytest.fixture(params=["records", "no records"])
def seen(request):
    """Run a test in both ways a call can go: with a record of `logging` and without one."""
    return request.param


@pytest.fixture
def make(name, request):
    """Make loggers of that name, which are closed after the test."""
    made = []
    root = logging.getLogger()
    before = root.handlers[:]

    def factory(*args, **kwargs):
        kwargs.setdefault("name", name)
        if "seen" in request.fixturenames and request.getfixturevalue("seen") == "no records":
            # pytest's own handlers want records; it puts them on anew for each phase of a test.
            root.handlers[:] = []
        logger = Logger(*args, **kwargs)
        made.append(logger)
        return logger

    yield factory
    for logger in made:
        logger.close()
    root.handlers[:] = before


@pytest.fixture
def read():
    """Read a file's lines, after a flush of the logger that writes it."""

    def lines(logger, path):
        assert logger.flush()
        return Path(path).read_text(encoding="utf-8").split("\n")[:-1]

    return lines


@pytest.fixture
def objects(read):
    """Read a file of JSON lines."""
    return lambda logger, path: [json.loads(line) for line in read(logger, path)]
