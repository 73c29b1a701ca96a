"""Facts about what the parsers and deciders of this part may import."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

PURE = [
    *("cookies", "files", "static", "_beneath", "_charsets", "_conditional", "_disposition", "_form_builder"),
    *(
        "_formdata",
        "_httpdate",
        "_media_types",
        "_multidict",
        "_multipart",
        "_parameters",
        "_part_head",
        "_ranges",
    ),
    "_urlencoded",
]
IO = {"asyncio", "socket", "selectors", "ssl", "uvloop", "concurrent"}


def imported(module):
    """Every module that the source of ``module`` imports, wherever in it."""
    tree = ast.parse(Path(find_spec(f"areion_http.{module}").origin).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("module", PURE)
def test_no_event_loop_and_no_socket(module):
    """They decide; the connection's shell does the waiting."""
    assert not {name.partition(".")[0] for name in imported(module)} & IO


@pytest.mark.parametrize("module", [*PURE, "forms"])
def test_nothing_of_the_server(module):
    """They know fields and errors, and one another; not requests, responses or connections."""
    own = {name for name in imported(module) if name.startswith("areion_http.")}
    allowed = {f"areion_http.{name}" for name in [*PURE, "errors", "headers"]}
    assert own <= allowed
