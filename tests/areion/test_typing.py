"""A user's annotated program is checked by the type checker; here it runs."""

import importlib.util
from pathlib import Path


def test_the_typed_program_runs():
    """What is checked is a program that works."""
    spec = importlib.util.spec_from_file_location(
        "typed_program", Path(__file__).with_name("typed_program.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert [route.path for route in module.server.router.routes] == [
        "/api/users/:id<int>",
        "/api/upload",
        "/api/stream",
    ]
    module.server.orchestrator.shutdown()
